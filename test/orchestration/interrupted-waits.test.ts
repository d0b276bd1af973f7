/** What waits for a slot, a time or another attempt, killed at every checkpoint. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnyNeuron, CNS, collateral, neuron, type Signal, type Store, withCtx } from 'engram';
import { fileStore } from 'engram/adapters/file';
import { memoryStore } from 'engram/adapters/memory';
import { afterAll, describe, expect, it } from 'vitest';
import { expectSameEndFromEverywhere, rehydrated, type Life, live, type Story } from '../support/lives.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { storeAt } from '../support/stores.js';

const START = 1_700_000_000_000;
const order = collateral<readonly number[]>('order');
const item = collateral<number>('item');
const made = collateral<number>('made');
const all = collateral<string>('all');

type Effect = (id: string, what: string) => void;

interface Flow {
  neurons(effect: Effect): readonly AnyNeuron[];
  readonly entry: Signal | readonly Signal[];
  readonly concurrency?: number;
}

const ITEMS = [3, 1, 2, 4];

/** Takes an order to pieces, with a delay for each where it is asked for; a milestone. */
const unpack = (effect: Effect, delayOf: (item: number) => number = () => 0) =>
  neuron('unpack', { item })
    .milestone()
    .dendrite({
      collateral: order,
      response: (items, axon, { activationId }) => {
        effect(activationId, 'unpack');
        return items.map((n) => axon.item.createSignal(n, { delay: delayOf(n) }));
      },
    });

/** Ends with all that was made, whatever the order in which it was made. */
const collect = (effect: Effect, count = ITEMS.length) =>
  withCtx<readonly number[]>()
    .neuron('collect', { all })
    .milestone()
    .dendrite({
      collateral: made,
      response: (n, axon, ctx) => {
        effect(ctx.activationId, `collect ${n}`);
        const known = [...(ctx.get() ?? []), n].sort();
        ctx.set(known);
        return known.length === count ? axon.all.createSignal(known.join(' ')) : undefined;
      },
    });

const maker = () => withCtx<Record<number, string>>().neuron('make', { made });
type Maker = ReturnType<typeof maker>;
type Make = (n: number, attempt: number, signal: AbortSignal) => Promise<void>;

/** Makes what it is asked to; the value says by which attempt. */
const making = (to: Maker, effect: Effect, make: Make): Maker => {
  to.dendrite({
    collateral: item,
    response: async (n, axon, { activationId, attempt, abortSignal, update }) => {
      await make(n, attempt, abortSignal);
      effect(activationId, `make ${n} in attempt ${attempt}`);
      update((known = {}) => ({ ...known, [n]: `attempt ${attempt}` }));
      return axon.made.createSignal(n);
    },
  });
  return to;
};

const soon: Make = async (n) => {
  for (let i = 0; i < n; i++) await null;
};
/** Fails until its n-th attempt. */
const inAttempt =
  (fails: (n: number) => number): Make =>
  async (n, attempt) => {
    await null;
    if (attempt < fails(n)) throw new RangeError(`${n} failed in attempt ${attempt}`);
  };
/** Never ends before its n-th attempt; what is given up says so and throws. */
const hangsUntilAttempt =
  (last: number): Make =>
  (n, attempt, signal) =>
    attempt >= last
      ? soon(n, attempt, signal)
      : new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))));

const policy = { attempts: 3, initial: 100 } as const;
const whole = order.createSignal(ITEMS);

const flows: readonly (readonly [string, Flow, { readonly status: string; readonly checkpoints: number }])[] = [
  [
    'waits for slots of a gate',
    {
      neurons: (effect) => [
        unpack(effect),
        making(maker().setConcurrency(1).milestone(), effect, soon),
        collect(effect),
      ],
      entry: whole,
    },
    { status: 'completed', checkpoints: 9 },
  ],
  [
    'has signals that wait for their time, behind a milestone and from the start',
    {
      neurons: (effect) => [unpack(effect, (n) => n * 100), making(maker(), effect, soon), collect(effect)],
      entry: [order.createSignal(ITEMS.slice(0, 3)), item.createSignal(4, { delay: 250 })],
    },
    { status: 'completed', checkpoints: 6 },
  ],
  [
    'makes several attempts',
    {
      neurons: (effect) => [
        unpack(effect),
        making(
          maker().retry(policy),
          effect,
          inAttempt((n) => Math.min(n, 3)),
        ),
        collect(effect),
      ],
      entry: whole,
    },
    { status: 'completed', checkpoints: 6 },
  ],
  [
    'makes attempts in vain',
    {
      neurons: (effect) => [
        unpack(effect),
        making(
          maker().retry(policy),
          effect,
          inAttempt((n) => n),
        ),
        collect(effect),
      ],
      entry: whole,
    },
    { status: 'failed', checkpoints: 6 },
  ],
  [
    'gives up bodies that take too long, and tries again',
    {
      neurons: (effect) => [
        unpack(effect),
        making(maker().retry(policy).setMaxDuration(80), effect, hangsUntilAttempt(3)),
        collect(effect),
      ],
      entry: whole,
    },
    { status: 'completed', checkpoints: 6 },
  ],
  [
    'does all of that at once, two at a time',
    {
      neurons: (effect) => [
        unpack(effect, (n) => n * 30),
        making(maker().setConcurrency(2).retry(policy).setMaxDuration(80).milestone(), effect, (n, ...rest) =>
          (n % 2 === 0 ? hangsUntilAttempt(2) : inAttempt(() => 2))(n, ...rest),
        ),
        collect(effect, 6),
      ],
      entry: [whole, item.createSignal(5, { delay: 300 }), item.createSignal(6)],
      concurrency: 2,
    },
    { status: 'completed', checkpoints: 8 },
  ],
];

/** @param later of how much later than the first the process is that goes on, in milliseconds */
function storyOf({ neurons, entry, concurrency }: Flow, later: number): Story & { readonly lives: number } {
  let lives = 0;
  let clock = new ManualClock();
  return {
    id: 'run',
    get lives() {
      return lives;
    },
    make(options) {
      clock = new ManualClock(START + (lives++ === 0 ? 0 : later));
      const effects = new Map<string, string>();
      const effect: Effect = (id, what) => {
        if (effects.has(id)) throw new TypeError(`activation ${id} was done twice in one process`);
        effects.set(id, what);
      };
      return { cns: new CNS(neurons(effect), { clock, logger: recordingLogger(), ...options }), effects };
    },
    start: ({ cns }) =>
      cns.stimulate(entry, { id: 'run', output: all, ...(concurrency === undefined ? {} : { concurrency }) }),
    async drive(run) {
      const isOpen = () => ['starting', 'running', 'waiting'].includes(run.status);
      await quiet();
      // a file store takes time of its own
      for (let i = 0; i < 5000 && isOpen(); i++) await clock.pass(10);
      await clock.pass(0); // who looks whether anybody waits for a failed run looks a moment later
      expect(isOpen(), `the run is ${run.status} after all that time`).toBe(false);
      expect(clock.timers).toBe(0);
    },
    close: ({ cns }) => cns.close(),
  };
}

const LATER: readonly (readonly [string, number])[] = [
  ['at once', 0],
  ['when half of it is overdue', 150],
  ['a day later', 86_400_000],
];

describe.each(flows)('a run that %s', (_what, flow, { status, checkpoints }) => {
  it.each(LATER)(
    'I8: ends the same, with the same effects, from whichever checkpoint it is brought back %s',
    async (_when, later) => {
      const story = storyOf(flow, later);
      const first = await expectSameEndFromEverywhere(story);
      expect(first.end.status).toBe(status);
      expect(first.checkpoints.length).toBeGreaterThanOrEqual(checkpoints);
      expect(story.lives).toBeGreaterThan(first.checkpoints.length + 1);
    },
  );

  it('I8: ends the same when it is killed at each checkpoint of its second life, too', async () => {
    const story = storyOf(flow, 40);
    const first = await live(story, memoryStore());
    for (const { seq } of first.checkpoints) {
      const second = await live(story, await storeAt(first.store, story.id, seq), rehydrated(story.id));
      for (const checkpoint of second.checkpoints) {
        const third = await live(story, await storeAt(second.store, story.id, checkpoint.seq), rehydrated(story.id));
        expect(third.end, `rehydrated from ${seq}, then from ${checkpoint.seq}`).toEqual(first.end);
        for (const activation of checkpoint.settled) expect(third.effects.has(activation)).toBe(false);
      }
    }
  });
});

describe('in a file store', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'engram-waits-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));
  let folders = 0;
  const fresh = (): Store => fileStore({ dir: join(scratch, String(++folders)), fsync: false });

  it.each(flows)(
    'I8: a run that %s ends the same from whichever checkpoint it is brought back',
    async (_what, flow, { status }) => {
      const first = await expectSameEndFromEverywhere(storyOf(flow, 150), fresh);
      expect(first.end.status).toBe(status);
    },
  );
});

describe('a run that is brought back between attempts', () => {
  /** What a checkpoint says of the activations of `make`: which attempt is next, and when. */
  async function stored(
    { store }: Life,
    seq: number,
  ): Promise<readonly (readonly [attempt: number, due: number | undefined])[]> {
    const { parts } = (await store.load('run', seq)) ?? { parts: new Map<string, string>() };
    return [...parts]
      .filter(([name]) => name.startsWith('frontier/'))
      .map(([, text]) => JSON.parse(text) as { neuron: string; attempt?: number; due?: number })
      .filter(({ neuron }) => neuron === 'make')
      .map(({ attempt = 1, due }) => [attempt, due] as const);
  }

  it('I2, I8: goes on with the attempt that is stored, at the time that is stored', async () => {
    const attempts: (readonly [attempt: number, time: number])[] = [];
    let clock = new ManualClock(START);
    const story: Story = {
      ...storyOf(flows[0]?.[1] as Flow, 0),
      make(options) {
        clock = new ManualClock(START);
        const effects = new Map<string, string>();
        const make: Make = async (_n, attempt) => {
          attempts.push([attempt, clock.now()]);
          await null;
          if (attempt < 3) throw new RangeError('no');
        };
        const neurons = [
          making(maker().retry({ attempts: 3, initial: 100 }), (id, what) => effects.set(id, what), make),
        ];
        return { cns: new CNS(neurons, { clock, logger: recordingLogger(), ...options }), effects };
      },
      start: ({ cns }) => cns.stimulate(item.createSignal(1), { id: 'run' }),
      drive: async () => {
        await quiet();
        await clock.pass(1000);
      },
    };
    const first = await live(story, memoryStore());
    const uninterrupted = attempts.splice(0);
    expect(uninterrupted).toEqual([
      [1, START],
      [2, START + 100],
      [3, START + 300],
    ]);
    const found: unknown[] = [];
    for (const { seq } of first.checkpoints) {
      found.push(await stored(first, seq));
      await live(story, await storeAt(first.store, 'run', seq), rehydrated('run'));
      const [next] = (await stored(first, seq)) as [(readonly [number, number | undefined])?];
      expect(attempts.splice(0)).toEqual(next === undefined ? [] : uninterrupted.slice(next[0] - 1));
    }
    expect(found).toEqual([[[1, undefined]], [[2, START + 100]], [[3, START + 300]], []]);
  });
});
