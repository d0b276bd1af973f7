import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly hint?: string;
}

/** A folder of this test alone, gone afterwards. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'engram-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Another process with a file store on `dir`. `shell` runs before it, in the same process: limits, signals. */
export class StoreProcess {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (answer: { value?: unknown; error?: Failure }) => void>();
  readonly acknowledged: number[] = [];
  #number = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: { acknowledged?: number; number?: number; value?: unknown; error?: Failure }) => {
      if (message.acknowledged !== undefined) this.acknowledged.push(message.acknowledged);
      if (message.number !== undefined) this.#answers.get(message.number)?.(message);
    });
  }

  static async start(
    dir: string,
    options: { readonly shell?: string; readonly user?: number } = {},
  ): Promise<StoreProcess> {
    const script = fileURLToPath(new URL('./file-child.ts', import.meta.url));
    const args = ['--import', 'tsx', script, dir, ...(options.user === undefined ? [] : [String(options.user)])];
    const command = `${options.shell ?? ':'}; exec "$0" "$@"`;
    const child = spawn('bash', ['-c', command, process.execPath, ...args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced', // requests hold maps
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    await once(child, 'message');
    return new StoreProcess(child);
  }

  call(name: string, ...args: unknown[]): Promise<{ value?: unknown; error?: Failure }> {
    this.#number += 1;
    const number = this.#number;
    return new Promise((resolve) => {
      this.#answers.set(number, resolve);
      this.#child.send({ call: name, args, number });
    });
  }

  /** Resolves at the next acknowledged seq from `least` on. */
  async acknowledges(least: number): Promise<void> {
    while ((this.acknowledged.at(-1) ?? 0) < least) await once(this.#child, 'message');
  }

  /** Waits for its end, which comes of what is done. */
  async dies(work: () => unknown): Promise<void> {
    const gone = once(this.#child, 'exit');
    work();
    await gone;
  }

  async kill(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child.kill('SIGCONT');
  }
}
