// Rule: several processes want the same runs; they are paused beyond their leases and killed while they work, and each
// run is done once. ENGRAM_FIGHT_SECONDS=20 lets them fight longer; ENGRAM_SEED repeats the choices.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Store } from 'engram';
import { randomOf, seedOf } from '../support/random.js';
import { tally } from '../support/tally.js';
import { openStore, root } from './killable-run.js';

const SECONDS = Number(process.env['ENGRAM_FIGHT_SECONDS'] ?? 6);
const RUNS = 50;
const FIGHTERS = 4;
const STEPS = 10;
/** Longer than the lease of a fighter. */
const PAUSE = 1500;
const seed = seedOf(process.env);
const random = randomOf(seed);
const STORES: readonly (readonly [string, (folder: string) => string])[] = [
  ['file store', (folder) => `file:${folder}/store`],
  ['Redis store', () => inject('redisUrl')],
];

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'engram-fight-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

class Fighters {
  readonly errors: string[] = [];
  readonly #living = new Set<ChildProcess>();
  readonly #paused = new Set<ChildProcess>();
  kills = 0;
  pauses = 0;

  constructor(
    readonly url: string,
    readonly name: string,
  ) {}

  get calls(): string {
    return join(dir, `${this.name}.calls`);
  }

  /** Resolves when the process has said that it is there. */
  async start(mode: 'begin' | 'fight'): Promise<ChildProcess> {
    const args = [
      join(root, 'test/crash/fighter.mjs'),
      this.url,
      this.calls,
      mode,
      String(RUNS),
      String(SECONDS * 1000),
    ];
    const env = { ...process.env, ENGRAM_FIGHT: this.name };
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.errors.push(text));
    this.#living.add(child);
    await once(child.stdout, 'data');
    return child;
  }

  async kill(child: ChildProcess): Promise<void> {
    this.#living.delete(child);
    this.#paused.delete(child);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    this.kills++;
  }

  /** Kills one and puts another in its place, or pauses one until others have taken what it held. */
  async disturb(): Promise<void> {
    const awake = [...this.#living].filter((child) => !this.#paused.has(child));
    const child = awake[Math.floor(random() * awake.length)];
    if (child === undefined || awake.length < 2) return;
    if (random() < 0.4) {
      await this.kill(child);
      await this.start('fight');
      return;
    }
    this.pauses++;
    this.#paused.add(child);
    child.kill('SIGSTOP');
    void wait(PAUSE).then(() => {
      this.#paused.delete(child);
      child.kill('SIGCONT');
    });
  }

  async end(): Promise<void> {
    for (const child of [...this.#living]) await this.kill(child);
  }
}

/** What each run says of itself in the end: no activation settled twice, no checkpoint of an older owner after a newer one's. */
async function checkRun(store: Store, id: string, n: number): Promise<void> {
  const checkpoint = await store.load(id);
  const run = JSON.parse(checkpoint?.parts.get('run') ?? '{}') as { settled: number; status: string };
  expect([id, run.status, run.settled]).toEqual([id, 'completed', STEPS]);
  expect(checkpoint?.parts.get('output')).toBe(`{"v":${n + (STEPS * (STEPS - 1)) / 2}}`);
  const settled = (await store.events(id)).map((text) => JSON.parse(text) as { activation: string; neuron: string });
  expect(settled.map(({ neuron }) => neuron)).toEqual(Array.from({ length: STEPS }, (_, step) => `do${step}`));
  const seqs = [...(await store.history(id))].reverse();
  const fences = [];
  for (const seq of seqs) {
    fences.push((JSON.parse((await store.load(id, seq))?.head ?? '{}') as { fence: number }).fence);
  }
  expect(fences).toEqual([...fences].sort((a, b) => a - b));
}

describe.each(STORES)(
  `on the %s, ${FIGHTERS} processes for ${SECONDS} seconds (ENGRAM_SEED=${seed})`,
  (store, urlIn) => {
    it(
      `finish each of ${RUNS} runs once, whoever is paused or killed: no write of an overtaken owner lands (I5)`,
      async () => {
        const name = `fight-${seed}-${store.slice(0, 4)}`;
        const fighters = new Fighters(urlIn(dir), name);
        try {
          await fighters.kill(await fighters.start('begin'));
          await Promise.all(Array.from({ length: FIGHTERS }, () => fighters.start('fight')));
          const until = performance.now() + SECONDS * 1000;
          while (performance.now() < until) {
            await wait(100 + random() * 400);
            await fighters.disturb();
          }
          const opened = await openStore(fighters.url);
          try {
            const unfinished = async () => {
              const page = await opened.list({ status: ['running', 'waiting'], graph: 'fight', limit: 1000 });
              return page.runs.filter(({ id }) => id.startsWith(`${name}-`)).length;
            };
            await expect.poll(unfinished, { timeout: 60_000 + SECONDS * 3000, interval: 200 }).toBe(0);
            await fighters.end();
            for (let n = 0; n < RUNS; n++) await checkRun(opened, `${name}-${n}`, n);
            for (let n = 0; n < RUNS; n++) await opened.delete(`${name}-${n}`);
          } finally {
            await opened.close();
          }
        } finally {
          await fighters.end();
        }
        expect(fighters.errors).toEqual([]);
        const calls = readFileSync(fighters.calls, 'utf8').trimEnd().split('\n');
        const payloads = new Map<string, Set<number>>();
        for (const line of calls) {
          const { id, sum } = JSON.parse(line) as { id: string; sum: number };
          payloads.set(id, (payloads.get(id) ?? new Set()).add(sum));
        }
        expect(payloads.size, 'each activation under one id').toBe(RUNS * STEPS);
        expect(
          [...payloads.values()].every(({ size }) => size === 1),
          'and with one payload',
        ).toBe(true);
        tally(`kills in fights: ${store}`, fighters.kills);
        tally(`pauses beyond the lease in fights: ${store}`, fighters.pauses);
      },
      120_000 + SECONDS * 5000,
    );
  },
);
