/**
 * A flow in child processes of the command line, and what is known of it from outside: what the children printed, what
 * the trace says was called, what the store says was settled. Shared by the kill tests and the demo.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Store } from 'engram';
import { fileStore } from 'engram/adapters/file';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'dist/src/cli/main.js');
export const REPORTS = ['report.json', 'report.md'] as const;

/** A flow that can be killed anywhere: what it leaves behind in its folder is the same to the byte. */
export interface KillableFlow {
  readonly module: string;
  /** @param out the folder of this run */
  readonly payload: (out: string) => object;
  /** The names of the files that it leaves in its folder. */
  readonly results: (out: string) => readonly string[];
  /** Neurons that run before the first milestone is stored, and that follow neurons which are none: no checkpoint knows of them. */
  readonly first: readonly string[];
  readonly unannounced: readonly string[];
}

/** The import of 3,201 films. */
export const filmImport = (batchSize: number): KillableFlow => ({
  module: join(root, 'machines/flows/movies.ts'),
  payload: (out) => ({ out, batchSize }),
  results: () => REPORTS,
  first: ['validateBatch'],
  unannounced: ['writeReport'],
});

/** One that spreads over many activations at once, each with an effect of its own, and gathers them in a join. */
export const fanOut = (width: number): KillableFlow => ({
  module: join(root, 'test/crash/fan-out-flow.mjs'),
  payload: (out) => ({ out, width }),
  results: (out) => readdirSync(out).filter((name) => name.endsWith('.json')),
  first: ['spread'],
  unannounced: ['gather'],
});

/** When to kill: so long after the child was started, or after it said that the run goes on, or after some milestones. */
export type Moment =
  | { readonly from: 'spawn' | 'going'; readonly ms: number }
  | { readonly from: 'milestone'; readonly count: number; readonly ms: number };

export interface Attempt {
  readonly command: 'run' | 'resume';
  /** The kill hit a living process. */
  readonly wasKilled: boolean;
  readonly exitCode: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
  /** Milliseconds, from its start and from where the run went on. */
  readonly took: number;
  readonly tookGoing: number;
}

interface Settled {
  readonly activation: string;
  readonly neuron: string;
  readonly outcome: string;
}

export interface Stored {
  readonly seq: number;
  readonly status: string;
  /** What settled and is stored, oldest first. */
  readonly settled: readonly Settled[];
  /** What the newest checkpoint says of itself: how many have settled, and which are still to run. */
  readonly count: number;
  readonly frontier: readonly string[];
}

/** One call of a handler. */
export interface Call {
  readonly activation: string;
  readonly neuron: string;
}

export class KillableRun {
  readonly #store: string;

  /** @param store its URL; a directory of its own unless told */
  constructor(
    readonly dir: string,
    readonly id: string,
    readonly flow: KillableFlow,
    store?: string,
  ) {
    this.#store = store ?? `file:${join(dir, `${id}.store`)}`;
  }

  /** Starts the run, or resumes it where it is stored, and kills it at that moment. */
  async attempt(moment?: Moment): Promise<Attempt> {
    const command = (await this.stored()) === undefined ? 'run' : 'resume';
    const payload = JSON.stringify(this.flow.payload(this.#out));
    const which = command === 'run' ? ['--payload', payload, '--id', this.id] : [this.id];
    const args = [cli, command, this.flow.module, ...which, '--store', this.#store, '--trace', this.#trace];
    const began = performance.now();
    let going = began;
    let milestones = 0;
    const lines: string[] = [];
    const child = spawn(process.execPath, args, { cwd: this.dir, stdio: ['ignore', 'pipe', 'pipe'] });
    const killIn = (ms: number) => void setTimeout(() => child.kill('SIGKILL'), ms).unref();
    if (moment?.from === 'spawn') killIn(moment.ms);
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line);
      if (/^(started|resumed) /.test(line)) {
        going = performance.now();
        if (moment?.from === 'going') killIn(moment.ms);
      }
      if (line.startsWith('milestone ')) {
        milestones++;
        if (moment?.from === 'milestone' && milestones === moment.count) killIn(moment.ms);
      }
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const [exitCode, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.on('error', reject).on('close', (code, by) => resolve([code, by]));
    });
    const ended = performance.now();
    const wasKilled = signal === 'SIGKILL';
    return { command, wasKilled, exitCode, lines, errors, took: ended - began, tookGoing: ended - going };
  }

  /** The store need not keep it any longer. */
  async forget(): Promise<void> {
    const store = await openStore(this.#store);
    try {
      await store.delete(this.id);
    } finally {
      await store.close();
    }
  }

  /** What a process that comes later finds. */
  async stored(): Promise<Stored | undefined> {
    const store = await openStore(this.#store);
    try {
      const checkpoint = await store.load(this.id);
      if (checkpoint === undefined) return undefined;
      const run = JSON.parse(checkpoint.parts.get('run') ?? '{}') as { settled: number; status: string };
      const frontier = [...checkpoint.parts.keys()].filter((name) => name.startsWith('frontier/'));
      return {
        seq: checkpoint.seq,
        status: run.status,
        settled: (await store.events(this.id)).map((text) => JSON.parse(text) as Settled),
        count: run.settled,
        frontier: frontier.map((name) => name.slice('frontier/'.length)),
      };
    } finally {
      await store.close();
    }
  }

  /** Every call of a handler so far, in order. */
  calls(): Call[] {
    if (!existsSync(this.#trace)) return [];
    const lines = readFileSync(this.#trace, 'utf8').split('\n');
    return lines
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Call)
      .map(({ activation, neuron }) => ({ activation: activation.slice(this.id.length + 1), neuron }));
  }

  /** The SHA-256 of each file that it left behind, by name. */
  sums(): Record<string, string> {
    const sumOf = (name: string) =>
      createHash('sha256')
        .update(readFileSync(join(this.#out, name)))
        .digest('hex');
    return Object.fromEntries([...this.flow.results(this.#out)].sort().map((name) => [name, sumOf(name)]));
  }

  get #out(): string {
    return join(this.dir, this.id);
  }

  get #trace(): string {
    return join(this.dir, `${this.id}.trace`);
  }
}

export async function openStore(url: string): Promise<Store> {
  if (url.startsWith('file:')) return fileStore({ dir: url.slice('file:'.length) });
  const { redisStore } = await import('engram/adapters/redis');
  return redisStore({ url });
}
