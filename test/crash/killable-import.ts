/**
 * The film import in child processes of the command line, and what is known of it from outside: what the children
 * printed, what the trace says was called, what the store says was settled. Shared by the kill test and the demo.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { fileStore } from 'engram/adapters/file';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'dist/src/cli/main.js');
const flow = join(root, 'machines/flows/movies.ts');
export const REPORTS = ['report.json', 'report.md'] as const;

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

export class KillableImport {
  readonly #batchSize: number;

  constructor(
    readonly dir: string,
    readonly id: string,
    batchSize: number,
  ) {
    this.#batchSize = batchSize;
  }

  /** Starts the import, or resumes it where it is stored, and kills it at that moment. */
  async attempt(moment?: Moment): Promise<Attempt> {
    const command = (await this.stored()) === undefined ? 'run' : 'resume';
    const payload = JSON.stringify({ out: join(this.dir, this.id), batchSize: this.#batchSize });
    const which = command === 'run' ? ['--payload', payload, '--id', this.id] : [this.id];
    const args = [cli, command, flow, ...which, '--store', `file:${this.#store}`, '--trace', this.#trace];
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

  /** What a process that comes later finds. */
  async stored(): Promise<Stored | undefined> {
    const store = fileStore({ dir: this.#store });
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

  sha256(name: (typeof REPORTS)[number]): string {
    return createHash('sha256')
      .update(readFileSync(join(this.dir, this.id, name)))
      .digest('hex');
  }

  get #store(): string {
    return join(this.dir, `${this.id}.store`);
  }

  get #trace(): string {
    return join(this.dir, `${this.id}.trace`);
  }
}

/** Numbers in [0, 1) that a seed decides. Source: T. Ettinger, mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function seedOf(env: NodeJS.ProcessEnv): number {
  const { ENGRAM_SEED } = env;
  return ENGRAM_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(ENGRAM_SEED);
}
