/**
 * Worker processes that tests kill, pause, replace and let go, and what they have said. A worker module is started as
 * `node <module>.mjs <config as JSON>`: it says `ready` when it takes runs, one JSON text a line of what else it has to
 * tell, and on stderr what should not be.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export type WorkerModule = 'ten-steps' | 'two-builds' | 'approvals';
/** How a process is started: `['unshare', '-pf']` puts it into a namespace of its own. */
export type Launcher = readonly string[];

const folder = fileURLToPath(new URL('.', import.meta.url));

export class Workers {
  /** What they have told of, in the order in which it came. */
  readonly told: unknown[] = [];
  readonly complaints: string[] = [];
  readonly #module: string;
  readonly #living = new Set<ChildProcess>();
  /** Those that take runs, or did until they were paused. */
  readonly #ready = new Set<ChildProcess>();
  readonly #paused = new Map<ChildProcess, Promise<void>>();
  kills = 0;
  pauses = 0;

  constructor(module: WorkerModule) {
    this.#module = join(folder, `${module}.mjs`);
  }

  get ready(): readonly ChildProcess[] {
    return [...this.#ready];
  }

  get awake(): readonly ChildProcess[] {
    return this.ready.filter((child) => !this.#paused.has(child));
  }

  get living(): readonly ChildProcess[] {
    return [...this.#living];
  }

  /** Resolves when it takes runs. */
  async start(config: object, launcher: Launcher = []): Promise<ChildProcess> {
    const args = [...launcher, process.execPath, this.#module, JSON.stringify(config)];
    const child = spawn(args[0] ?? '', args.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#living.add(child);
    child.once('exit', () => this.#forget(child));
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.complaints.push(text));
    const lines = createInterface({ input: child.stdout });
    const ready = new Promise<void>((resolve) => {
      lines.on('line', (line) => (line === 'ready' ? resolve() : this.told.push(JSON.parse(line))));
    });
    // one that is killed before it takes runs is no failure
    const gone = once(child, 'exit').then(() => {
      if (!child.killed) throw new Error(`a worker ended by itself: ${this.complaints.join('')}`);
    });
    await Promise.race([ready, gone]);
    if (this.#living.has(child)) this.#ready.add(child);
    return child;
  }

  async kill(child: ChildProcess): Promise<void> {
    this.#forget(child);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    this.kills++;
  }

  /** Stops it where it stands, for so many milliseconds. */
  pause(child: ChildProcess, ms: number): void {
    child.kill('SIGSTOP');
    this.pauses++;
    const over = wait(ms).then(() => {
      this.#paused.delete(child);
      child.kill('SIGCONT');
    });
    this.#paused.set(child, over);
  }

  async allAwake(): Promise<void> {
    await Promise.all(this.#paused.values());
  }

  /** As a deployment does it. @returns the code that it ended with */
  async letGo(child: ChildProcess): Promise<number | null> {
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = (await gone) as [number | null];
    return code;
  }

  /** Whatever state they are in. */
  async end(): Promise<void> {
    await Promise.all(this.living.map((child) => this.kill(child)));
  }

  #forget(child: ChildProcess): void {
    this.#living.delete(child);
    this.#ready.delete(child);
  }
}
