/** The built command line in a directory of its own, as a user's project has it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const main = join(root, 'dist/src/cli/main.js');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** What the tests of the user who runs them must not leak into. */
function cleanEnv(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { NO_COLOR: _a, FORCE_COLOR: _b, ENGRAM_STORE: _c, ENGRAM_DEBUG: _d, ...env } = process.env;
  return { ...env, ...more };
}

export class Project {
  readonly dir: string;

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.dir = mkdtempSync(join(tmpdir(), 'engram-cli-'));
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.dir, name), text);
  }

  /** As `npm install` would, from the copies that are here. */
  install(...packages: readonly ('engram' | 'zod')[]): this {
    mkdirSync(join(this.dir, 'node_modules'), { recursive: true });
    for (const name of packages) {
      const from = name === 'engram' ? root : join(root, 'node_modules', name);
      symlinkSync(from, join(this.dir, 'node_modules', name), 'dir');
    }
    return this;
  }

  engram(args: readonly string[], options: CallOptions = {}): Ended {
    return this.exec(process.execPath, [main, ...args], options);
  }

  /** The one document that `--json` prints. */
  json(args: readonly string[], options: CallOptions = {}): { readonly code: number | null; readonly document: any } {
    const { code, stdout } = this.engram([...args, '--json'], options);
    const lines = stdout.split('\n');
    if (lines.length !== 2 || lines[1] !== '') throw new Error(`not one line of JSON: ${stdout}`);
    return { code, document: JSON.parse(stdout) };
  }

  exec(command: string, args: readonly string[], { env, input = '' }: CallOptions = {}): Ended {
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd: this.dir,
      env: cleanEnv(env),
      input,
      encoding: 'utf8',
    });
    return { code: status, stdout, stderr };
  }

  /** A command that goes on until what it has printed fits, and then until it is ended. */
  async startUntil(args: readonly string[], told: RegExp): Promise<{ child: ChildProcess; ended: Promise<Ended> }> {
    const child = spawn(process.execPath, [main, ...args], { cwd: this.dir, env: cleanEnv() });
    const printed = { stdout: '', stderr: '' };
    const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...printed })));
    await new Promise<void>((resolve, reject) => {
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].setEncoding('utf8').on('data', (text: string) => {
          printed[name] += text;
          if (told.test(printed[name])) resolve();
        });
      }
      void ended.then(({ stdout, stderr }) => reject(new Error(`ended before ${told}: ${stdout}${stderr}`)));
    });
    return { child, ended };
  }

  /** Of every file below a folder: names and bytes. */
  hash(folder = '.engram'): string {
    const sum = createHash('sha256');
    const base = join(this.dir, folder);
    for (const entry of readdirSync(base, { recursive: true, withFileTypes: true }).sort(byPath)) {
      const path = join(entry.parentPath, entry.name);
      sum.update(`${path}\n`);
      if (entry.isFile()) sum.update(readFileSync(path));
    }
    return sum.digest('hex');
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

interface Entry {
  readonly parentPath: string;
  readonly name: string;
}
const byPath = (a: Entry, b: Entry) => (join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1);

/** Whether this process may mount file systems of its own, and how. */
export const namespaceArgs = [['-m'], ['-rm']].find(
  (args) => spawnSync('unshare', [...args, 'sh', '-c', 'mount -t tmpfs tmpfs /tmp'], {}).status === 0,
);
