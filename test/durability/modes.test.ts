// Rule: what is stored, and when, in each mode and at each moment, to the checkpoint; and what a mode may change.
import {
  CNS,
  type CNSOptions,
  collateral,
  type Durability,
  expect as expectSignal,
  InvalidArgumentError,
  neuron,
  StoreRequiredError,
} from 'engram';
import { toMachine } from 'engram/machines';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { heldStore } from '../support/stores.js';
import { order, packing, recorded, type Step, STEPS } from './packing.js';

const modes: readonly Durability[] = ['sync', 'async', 'exit'];

async function checkpointsOf(options: CNSOptions): Promise<string[]> {
  const { store, checkpoints } = recorded();
  await packing({ store, ...options }).cns.stimulate(order.createSignal('a'), { id: 'x' });
  return checkpoints;
}

const FEW = ['1 running', '2 completed'];
const MILESTONES = ['1 running', '2 weigh running', '3 send running', '4 completed'];
const ALL = [
  ...['1 running', '2 pack', '3 weigh', '4 label', '5 send'].map((one, i) => (i === 0 ? one : `${one} running`)),
];

describe('a run of five steps, two of them milestones, is stored', () => {
  it.each<[string, CNSOptions, readonly string[]]>([
    ['unless told: at its entry, its milestones and its end', {}, MILESTONES],
    ['sync: the same', { durability: 'sync' }, MILESTONES],
    ['async: the same, where each step takes longer than a save', { durability: 'async' }, MILESTONES],
    ['exit: at its entry and its end', { durability: 'exit' }, FEW],
    ['sync, on errors: at its entry and its end', { checkpoint: { on: 'error' } }, FEW],
    ['async, on errors: the same', { durability: 'async', checkpoint: { on: 'error' } }, FEW],
    ['sync, on nothing: the same', { checkpoint: { on: [] } }, FEW],
    ['on errors and milestones: as on milestones', { checkpoint: { on: ['error', 'milestone'] } }, MILESTONES],
    [
      'sync, on responses: at each step, the last with the end',
      { checkpoint: { on: 'response' } },
      [...ALL, '6 completed'],
    ],
    [
      'async, on responses: the same',
      { durability: 'async', checkpoint: { on: ['response'] } },
      [...ALL, '6 completed'],
    ],
    ['exit, on responses: at its entry and its end', { durability: 'exit', checkpoint: { on: 'response' } }, FEW],
  ])('%s', async (_how, options, expected) => {
    expect(await checkpointsOf(options)).toEqual(expected);
  });

  it('on responses: exactly as if each neuron were a milestone, to the byte but for the fingerprint', async () => {
    const runs = [recorded(), recorded()] as const;
    const make = (n: 0 | 1, options: CNSOptions, milestones?: readonly Step[]) =>
      packing({ store: runs[n].store, clock: new ManualClock(), ...options }, undefined, milestones);
    await make(0, { checkpoint: { on: 'response' } }).cns.stimulate(order.createSignal('a'), { id: 'x' });
    await make(1, {}, STEPS).cns.stimulate(order.createSignal('a'), { id: 'x' });
    const [ours, theirs] = runs.map(({ requests }) => requests.map(({ parts, events }) => ({ parts, events })));
    expect(ours).toEqual(theirs);
    expect(ours).toHaveLength(6);
  });
});

describe('a failure', () => {
  const go = collateral<string>('go');
  /** `bad` fails while `slow` works on. */
  async function failing(options: CNSOptions): Promise<string[]> {
    const { store, checkpoints } = recorded();
    const bad = neuron('bad', {}).dendrite({ collateral: go, response: () => Promise.reject(new RangeError('no')) });
    const slow = neuron('slow', {}).dendrite({
      collateral: go,
      response: async () => {
        await quiet();
      },
    });
    const run = new CNS([bad, slow], { store, logger: recordingLogger(), ...options }).stimulate(go.createSignal('a'));
    await caught(run);
    return checkpoints;
  }

  it.each(modes.flatMap((durability) => (['milestone', 'error'] as const).map((on) => [durability, on] as const)))(
    'is stored while the run goes on, in %s mode on %s',
    async (durability, on) => {
      expect(await failing({ durability, checkpoint: { on } })).toEqual(['1 running', '2 running', '3 failed']);
    },
  );

  it.each<[Durability, readonly string[]]>([
    ['sync', ['1 running', '2 running', '3 completed']],
    ['async', ['1 running', '2 running', '3 completed']],
    ['exit', ['1 running', '2 completed']],
  ])('of an attempt that is made again while others work is stored in %s mode as %j', async (durability, expected) => {
    const { store, checkpoints } = recorded();
    const clock = new ManualClock();
    const work = { open: (): void => undefined };
    const opened = new Promise<void>((resolve) => (work.open = resolve));
    let attempts = 0;
    const shaky = neuron('shaky', {})
      .retry({ attempts: 2, backoff: 'constant', initial: 10 })
      .dendrite({
        collateral: go,
        response: () => (++attempts === 1 ? Promise.reject(new RangeError('no')) : undefined),
      });
    const slow = neuron('slow', {}).dendrite({ collateral: go, response: () => opened.then(() => undefined) });
    const run = new CNS([shaky, slow], { store, clock, durability }).stimulate(go.createSignal('a'));
    await quiet();
    await clock.pass(10);
    work.open();
    await run;
    expect([attempts, checkpoints]).toEqual([2, expected]);
  });
});

describe('a wait', () => {
  const ask = collateral<string>('ask');
  const answer = collateral<string>('answer');
  const clerk = () =>
    neuron('clerk', {})
      .expects(answer)
      .dendrite({ collateral: ask, response: () => expectSignal(answer) })
      .dendrite({ collateral: answer, response: (text) => (text === 'more' ? expectSignal(answer) : undefined) });

  it.each(modes)('is stored in %s mode, each signal with one save, and the end', async (durability) => {
    const { store, checkpoints } = recorded();
    const run = new CNS([clerk()], { store, durability }).stimulate(ask.createSignal('a'));
    await quiet();
    expect(checkpoints).toEqual(['1 running', '2 waiting']);
    await run.signal(answer.createSignal('more'));
    expect(checkpoints).toEqual(['1 running', '2 waiting', '3 waiting']);
    await run.signal(answer.createSignal('enough'));
    expect(checkpoints).toEqual(['1 running', '2 waiting', '3 waiting', '4 completed']);
    await run;
    expect(checkpoints).toHaveLength(4);
  });

  it.each(modes)(
    'ends by a signal that a handler of the same run sends, in %s mode: it is stored first',
    async (durability) => {
      const { store, checkpoints, requests } = recorded();
      const later = collateral<string>('later');
      const seen: unknown[] = [];
      const nudge = neuron('nudge', {}).dendrite({
        collateral: later,
        response: async (_text, _axon, { stimulation }) => {
          const sent = stimulation?.signal(answer.createSignal('enough'), { deliveryId: 'd' });
          await sent;
          seen.push(requests.some(({ parts }) => parts.get('deliveries') === '["d"]'));
        },
      });
      await new CNS([clerk(), nudge], { store, durability }).stimulate([
        ask.createSignal('a'),
        later.createSignal('b'),
      ]);
      expect(seen).toEqual([true]);
      expect(checkpoints.at(-1)).toMatch(/completed$/);
    },
  );
});

describe('everyMs', () => {
  it.each(modes)(
    'stores in %s mode what has changed, that long after the change, and blocks nothing',
    async (durability) => {
      const held = heldStore();
      const { store, checkpoints } = recorded(held.store);
      const clock = new ManualClock();
      const steps = new Map<Step, () => void>();
      const { cns, done } = packing(
        { store, clock, durability, lease: 1_000_000, checkpoint: { on: 'error', everyMs: 1000 } },
        (step) => new Promise<void>((resolve) => steps.set(step, resolve)),
      );
      const run = cns.stimulate(order.createSignal('a'), { id: 'x' });
      await (await held.next()).acknowledge();
      await quiet();
      await clock.pass(5000); // nothing has changed
      expect([checkpoints, held.waiting]).toEqual([['1 running'], 0]);
      steps.get('pack')?.();
      await quiet();
      await clock.pass(999);
      expect(held.waiting).toBe(0);
      await clock.pass(1);
      expect(held.waiting).toBe(1);
      steps.get('weigh')?.();
      await quiet();
      steps.get('label')?.();
      await quiet();
      expect(done).toEqual(['pack a', 'weigh a', 'label a']); // while the save is on its way
      await (await held.next()).acknowledge();
      await clock.pass(1000);
      expect(held.waiting).toBe(1); // what came meanwhile
      held.open();
      steps.get('send')?.();
      await quiet();
      steps.get('bill')?.();
      await run;
      expect(checkpoints).toEqual(['1 running', '2 running', '3 running', '4 completed']);
      expect(clock.timers).toBe(0);
    },
  );
});

describe('stimulation.checkpoint()', () => {
  it.each(modes)(
    'in %s mode resolves when all that has happened is stored: nothing of it is done again',
    async (durability) => {
      const inner = memoryStore();
      const { store, checkpoints } = recorded(inner);
      const first = packing({ store, durability }, (step) =>
        step === 'label' ? new Promise(() => undefined) : quiet(),
      );
      const run = first.cns.stimulate(order.createSignal('a'), { id: 'x' });
      while (first.done.length < 2) await quiet();
      await run.checkpoint();
      const held = await inner.load('x');
      const frontier = [...(held?.parts ?? [])].filter(([name]) => name.startsWith('frontier/'));
      expect(frontier.map(([, text]) => (JSON.parse(text) as { neuron: string }).neuron)).toEqual(['label']);
      expect(checkpoints.at(-1)).toMatch(/running$/);
    },
  );

  it.each(modes)('in %s mode waits for the save, and rejects where that fails', async (durability) => {
    const held = heldStore();
    const { cns } = packing({ store: held.store, durability }, () => new Promise(() => undefined));
    const run = cns.stimulate(order.createSignal('a'));
    await (await held.next()).acknowledge();
    let isStored = false;
    const stored = run.checkpoint().then(() => (isStored = true));
    const write = await held.next();
    await quiet();
    expect(isStored).toBe(false);
    write.refuse(new RangeError('no'));
    expect(await caught(stored)).toMatchObject({ code: 'SAVE_FAILED' });
    expect(await caught(run)).toMatchObject({ code: 'SAVE_FAILED' });
    expect(await caught(run.checkpoint())).toMatchObject({ code: 'SAVE_FAILED' }); // also of those who ask later
  });
});

describe('async mode', () => {
  it('holds nothing back; has one save on its way; the next has the newest of all; the end waits for its own', async () => {
    const held = heldStore();
    const { store, checkpoints, requests } = recorded(held.store);
    const { cns, done } = packing({ store, durability: 'async' }, () => undefined);
    const run = cns.stimulate(order.createSignal('a'));
    let hasEnded = false;
    void run.waitUntilComplete().then(() => (hasEnded = true));
    await (await held.next()).acknowledge();
    const first = await held.next();
    await quiet();
    expect([done, held.waiting, hasEnded]).toEqual([STEPS.map((step) => `${step} a`), 0, false]);
    await first.acknowledge();
    const last = await held.next();
    await quiet();
    expect([hasEnded, run.status]).toEqual([false, 'running']);
    await last.acknowledge();
    await run;
    expect(checkpoints).toEqual(['1 running', '2 weigh running', '3 completed']);
    const events = requests
      .flatMap((request) => request.events)
      .map((text) => (JSON.parse(text) as { neuron: string }).neuron);
    expect(events).toEqual(STEPS);
  });

  it('keeps one state to store however many milestones pass while a save is on its way', async () => {
    const MANY = 30_000;
    const tick = collateral<number>('tick');
    const held = heldStore();
    const count = neuron('count', { tick })
      .milestone()
      .dendrite({ collateral: tick, response: (n, axon) => (n === 0 ? undefined : axon.tick.createSignal(n - 1)) });
    const park = collateral<string>('park');
    const parked = neuron('parked', {}).dendrite({
      collateral: park,
      response: () => new Promise<undefined>(() => undefined),
    });
    const cns = new CNS([count, parked], { store: held.store, durability: 'async', logger: recordingLogger() });
    const run = cns.stimulate([park.createSignal('p')]);
    await (await held.next()).acknowledge();
    await quiet();
    const stored = run.checkpoint();
    const first = await held.next();
    run.actor.send({ type: 'tick', payload: MANY });
    await quiet();
    expect(held.waiting).toBe(0);
    await first.acknowledge();
    await stored;
    const { request } = await held.next();
    expect(request.parts.size).toBeLessThan(5);
    expect(request.events.length).toBeLessThan(20_001);
    expect(JSON.parse(request.events[0] ?? '')).toEqual({ omitted: MANY + 1 - (request.events.length - 1) });
  });
});

describe('on responses, sync', () => {
  it('I4: nothing that follows any neuron starts before that is stored', async () => {
    const held = heldStore();
    const { cns, done } = packing({ store: held.store, checkpoint: { on: 'response' } });
    const run = cns.stimulate(order.createSignal('a'));
    await (await held.next()).acknowledge();
    for (const [i, step] of STEPS.entries()) {
      const write = await held.next();
      await quiet();
      expect(done, step).toHaveLength(i + 1);
      await write.acknowledge();
    }
    expect((await run).status).toBe('completed');
  });

  it('changes neither the fingerprint nor what stored runs need: a run goes on under the other choice, with no complaint', async () => {
    const store = memoryStore();
    const first = packing({ store, checkpoint: { on: 'response' } }, (step) =>
      step === 'label' ? new Promise(() => undefined) : quiet(),
    );
    first.cns.stimulate(order.createSignal('a'), { id: 'x' });
    while (first.done.length < 2) await quiet();
    await first.cns.close();
    const logger = recordingLogger();
    const second = packing({ store, logger, checkpoint: { on: 'error' } });
    expect(await (await second.cns.rehydrate('x'))?.waitUntilComplete()).toMatchObject({ status: 'completed' });
    expect([second.done, logger.warnings]).toEqual([['label a', 'send a', 'bill a'], []]);
  });

  it('gives every region of the statechart a state in which it waits for its checkpoint', () => {
    const statesOf = (options: CNSOptions) =>
      JSON.stringify(toMachine(packing({ store: memoryStore(), ...options }).cns).config).split('"checkpointing":')
        .length - 1;
    expect([statesOf({}), statesOf({ checkpoint: { on: 'response' } })]).toEqual([2, 5]);
    expect(statesOf({ checkpoint: { on: 'error' } })).toBe(0);
  });
});

describe('the mode of a run', () => {
  const stopAt = (at: Step) => (step: Step) => (step === at ? new Promise(() => undefined) : quiet());
  /** Started by one CNS, let go before `weigh`, and brought back by another. */
  async function moved(one: CNSOptions, told: Durability | undefined, other: CNSOptions): Promise<string[]> {
    const { store, checkpoints } = recorded();
    const first = packing({ store, ...one }, stopAt('weigh'));
    first.cns.stimulate(order.createSignal('a'), { id: 'x', ...(told === undefined ? {} : { durability: told }) });
    while (first.done.length < 1) await quiet();
    await first.cns.close();
    const second = packing({ store, ...other });
    await (await second.cns.rehydrate('x'))?.waitUntilComplete();
    return checkpoints;
  }

  it.each<[string, Parameters<typeof moved>, readonly string[]]>([
    ['told at stimulate goes with it', [{}, 'exit', {}], ['1 running', '2 running', '3 completed']],
    [
      'told at stimulate counts before that of the CNS',
      [{ durability: 'exit' }, 'sync', { durability: 'exit' }],
      MILESTONES,
    ],
    ['not told is that of the CNS where it goes on: exit', [{}, undefined, { durability: 'exit' }], FEW],
    [
      'not told is that of the CNS where it goes on: sync',
      [{ durability: 'exit' }, undefined, {}],
      ['1 running', '2 running', '3 weigh running', '4 send running', '5 completed'],
    ],
  ])('%s', async (_what, given, expected) => {
    expect(await moved(...given)).toEqual(expected);
  });

  it.each<[Durability, Durability, readonly string[]]>([
    ['exit', 'sync', ['weigh a']],
    ['sync', 'async', STEPS.map((step) => `${step} a`)],
  ])('I4: of a run that goes on from %s to %s decides whether its milestones hold', async (before, after, done) => {
    const inner = memoryStore();
    const first = packing({ store: inner, durability: before }, stopAt('weigh'));
    first.cns.stimulate(order.createSignal('a'), { id: 'x' });
    while (first.done.length < 1) await quiet();
    await first.cns.close();
    const held = heldStore(inner);
    const second = packing({ store: held.store, durability: after }, () => undefined);
    const run = await second.cns.rehydrate('x');
    const write = await held.next(); // of the milestone `weigh`
    await quiet();
    expect(second.done).toEqual(done);
    held.open();
    await write.acknowledge();
    expect(await run?.waitUntilComplete()).toMatchObject({ status: 'completed' });
  });

  it('is no part of the entry: the same start in another mode attaches to the run', async () => {
    const { store, checkpoints } = recorded();
    const first = packing({ store });
    const one = first.cns.stimulate(order.createSignal('a'), { id: 'x', durability: 'exit' });
    const two = first.cns.stimulate(order.createSignal('a'), { id: 'x', durability: 'sync' });
    expect((await two).status).toBe('completed');
    await one;
    const later = packing({ store });
    expect(await later.cns.stimulate(order.createSignal('a'), { id: 'x' })).toMatchObject({ status: 'completed' });
    expect([checkpoints, later.done]).toEqual([FEW, []]);
  });
});

describe('I6: refused are', () => {
  const make = (options: object) => () => packing(options);
  it.each<[string, () => unknown, new (...given: never[]) => Error, RegExp]>([
    ['a mode without a store', make({ durability: 'async' }), StoreRequiredError, /durability needs a store/],
    ['moments without a store', make({ checkpoint: {} }), StoreRequiredError, /checkpoint/],
    ['onSaveFailure without a store', make({ onSaveFailure: 'fail' }), StoreRequiredError, /onSaveFailure/],
    [
      'a mode that there is not',
      make({ store: memoryStore(), durability: 'fast' }),
      InvalidArgumentError,
      /"fast".*sync, async, exit/,
    ],
    [
      'a moment that there is not',
      make({ store: memoryStore(), checkpoint: { on: ['hop'] } }),
      InvalidArgumentError,
      /"hop"/,
    ],
    [
      'a time that is none',
      make({ store: memoryStore(), checkpoint: { everyMs: 0 } }),
      InvalidArgumentError,
      /everyMs/,
    ],
    [
      'a time that is no number',
      make({ store: memoryStore(), checkpoint: { everyMs: NaN } }),
      InvalidArgumentError,
      /everyMs/,
    ],
    [
      'an answer to failures that there is not',
      make({ store: memoryStore(), onSaveFailure: 'retry' }),
      InvalidArgumentError,
      /"retry"/,
    ],
    [
      'a mode of a run without a store',
      () => packing({}).cns.stimulate(order.createSignal('a'), { durability: 'sync' }),
      StoreRequiredError,
      /stimulate with durability/,
    ],
    [
      'a mode of a run that there is not',
      () => packing({ store: memoryStore() }).cns.stimulate(order.createSignal('a'), { durability: 'no' as 'sync' }),
      InvalidArgumentError,
      /"no"/,
    ],
  ])('%s', (_what, refused, type, message) => {
    expect(refused).toThrow(type);
    expect(refused).toThrow(message);
  });
});
