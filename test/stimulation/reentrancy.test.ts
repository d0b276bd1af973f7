import {
  CNS,
  collateral,
  neuron,
  RunExistsError,
  RunSuspendedError,
  SaveFailedError,
  StimulationAbortedError,
  withCtx,
  type Stimulation,
  type Store,
} from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { withOverrides } from '../support/stores.js';

const go = collateral<string>('go');
const hop = collateral<string>('hop');
const end = collateral('end');
const forever = () => new Promise<undefined>(() => undefined);

/** One handler, which notes what it is given and ends as it is told. */
function single(store?: Store, ending: () => Promise<undefined> | undefined = () => undefined) {
  const ran: string[] = [];
  const response = (text: string) => {
    ran.push(text);
    return ending();
  };
  const logger = recordingLogger();
  const options = store === undefined ? { logger } : { logger, store };
  const cns = new CNS([neuron('n', {}).dendrite({ collateral: go, response })], options);
  return { cns, ran, logger };
}

describe('I1: the actor of a run that was never stored starts no handler, asked for', () => {
  const orders = ['before', 'after'] as const;

  it.each(orders)('%s the store has refused it', async (when) => {
    const { cns, ran } = single(memoryStore());
    await cns.stimulate(go.createSignal('first'), { id: 'x' });
    const refused = cns.stimulate(go.createSignal('second'), { id: 'x' });
    if (when === 'before') void refused.actor;
    expect(await caught(refused)).toBeInstanceOf(RunExistsError);
    expect(refused.actor.getSnapshot().status).not.toBe('done');
    await quiet();
    expect(ran).toEqual(['first']);
    expect(refused.status).toBe('failed');
  });

  it.each(orders)('%s its first save has failed', async (when) => {
    const store = withOverrides(memoryStore(), { create: () => Promise.reject(new Error('disk full')) });
    const { cns, ran } = single(store);
    const failed = cns.stimulate(go.createSignal('first'));
    if (when === 'before') void failed.actor;
    expect(await caught(failed)).toBeInstanceOf(SaveFailedError);
    void failed.actor;
    await quiet();
    expect(ran).toEqual([]);
  });
});

describe('I1: an abort that a handler sends', () => {
  it.each(['no actor', 'an actor'] as const)('to a run with %s so far is applied after its turn', async (before) => {
    const runs: Stimulation[] = [];
    const ran: string[] = [];
    const first = neuron('first', { hop }).dendrite({
      collateral: go,
      response: (text, axon) => Promise.resolve(axon.hop.createSignal(text)),
    });
    const slow = neuron('slow', { end }).dendrite({
      collateral: go,
      response: async (_text, axon, { abortSignal }) => {
        await new Promise((resolve) => abortSignal.addEventListener('abort', resolve));
        return axon.end.createSignal();
      },
    });
    const aborting = withCtx<string>()
      .neuron('aborting', { end })
      .dendrite({
        collateral: hop,
        response: (text, axon, ctx) => {
          ran.push('aborting');
          ctx.set(text);
          runs[0]?.actor.send({ type: 'engram.abort', reason: 'enough' });
          return axon.end.createSignal();
        },
      });
    const last = neuron('last', {}).dendrite({ collateral: end, response: () => void ran.push('last') });
    const cns = new CNS([first, slow, aborting, last], { logger: recordingLogger() });
    const run = cns.stimulate(go.createSignal('text'));
    runs.push(run);
    if (before === 'an actor') void run.actor;
    expect(await caught(run)).toBeInstanceOf(StimulationAbortedError);
    const { context } = run.actor.getSnapshot();
    expect(ran).toEqual(['aborting', 'last']);
    expect(context).toMatchObject({ status: 'aborted', frontier: [], settled: 4, values: { aborting: 'text' } });
    expect(context.failed.map(({ neuron: name, aborted }) => [name, aborted])).toEqual([['last', true]]);
    expect(run.getOutstandingTasks()).toEqual([]);
  });
});

describe('a response listener', () => {
  const boom = new Error('boom');

  async function told(touches: boolean) {
    const seen: string[] = [];
    const runs: Stimulation[] = [];
    const [logger, clock] = [recordingLogger(), new ManualClock()];
    const spread = neuron('spread', { hop }).dendrite({
      collateral: go,
      response: (_text, axon) => Promise.resolve(['1', '2', '3'].map((text) => axon.hop.createSignal(text))),
    });
    const take = neuron('take', {}).dendrite({
      collateral: hop,
      response: (text) => {
        seen.push(`handler ${text}`);
        if (text === '3') throw boom;
      },
    });
    const run = new CNS([spread, take], { logger, clock }).stimulate(go.createSignal(''), {
      onResponse: ({ neuron: name, inputSignal, outputSignal, pendingActivations, activeActivations }) => {
        const payload = String((outputSignal ?? inputSignal).payload);
        seen.push(`${name} ${payload} ${pendingActivations} ${activeActivations}`);
        if (touches) for (const { actor } of runs) void actor;
      },
    });
    runs.push(run);
    await quiet();
    await clock.pass(0);
    return { seen, status: run.status, errors: logger.errors.map(({ error }) => error) };
  }

  it('that touches the actor changes neither order nor counters, and a failure is logged once', async () => {
    const plain = await told(false);
    expect(plain.seen).toHaveLength(9);
    expect(plain.errors).toHaveLength(1);
    expect(await told(true)).toMatchObject({ seen: plain.seen, status: 'failed', errors: [{ errors: [boom] }] });
  });

  it.each(['no store', 'a store'] as const)(
    'of a start that attaches to a live run is called, with %s',
    async (kind) => {
      const [open, { cns, ran }] = gated(kind === 'a store' ? memoryStore() : undefined);
      const seen: string[] = [];
      const start = (who: string) =>
        cns.stimulate(go.createSignal('a'), { id: 'x', onResponse: ({ neuron: name }) => seen.push(`${who} ${name}`) });
      const first = start('first');
      await quiet();
      const second = start('second');
      open();
      expect(await second).toEqual(await first);
      expect(ran).toEqual(['a']);
      expect(seen).toEqual(['first n', 'second n']);
    },
  );

  it('of a start that attaches while a stored run is brought up is called', async () => {
    const store = memoryStore();
    const before = single(store, forever);
    before.cns.stimulate(go.createSignal('a'), { id: 'x' });
    await quiet();
    await before.cns.close();
    const { cns } = single(store);
    const seen: string[] = [];
    const start = (who: string) =>
      cns.stimulate(go.createSignal('a'), { id: 'x', onResponse: ({ neuron: name }) => seen.push(`${who} ${name}`) });
    const [first, second] = [start('first'), start('second')];
    expect(await second).toEqual(await first);
    expect(seen).toEqual(['first n', 'second n']);
  });
});

/** A run whose handler ends when it is opened. */
function gated(store: Store | undefined) {
  let open!: () => void;
  const gate = new Promise<undefined>((resolve) => (open = () => resolve(undefined)));
  return [open, single(store, () => gate)] as const;
}

describe('stopping the actor', () => {
  it('ends the run as suspended', async () => {
    const { cns, logger } = single(undefined, forever);
    const run = cns.stimulate(go.createSignal('a'));
    run.actor.stop();
    expect(await caught(run)).toBeInstanceOf(RunSuspendedError);
    expect(run.status).toBe('suspended');
    expect(logger.errors).toEqual([]);
  });

  it('of a durable run gives up its lease, and the run goes on elsewhere', async () => {
    const store = memoryStore();
    const run = single(store, forever).cns.stimulate(go.createSignal('a'), { id: 'x' });
    await quiet();
    run.actor.stop();
    expect(await caught(run)).toBeInstanceOf(RunSuspendedError);
    expect((await store.list({})).runs).toMatchObject([{ id: 'x', lease: null, index: { status: 'running' } }]);
    const { cns, ran } = single(store);
    const taken = await cns.rehydrate('x');
    expect(await taken?.waitUntilComplete()).toMatchObject({ status: 'completed' });
    expect(ran).toEqual(['a']);
  });

  it.each(['no actor', 'an actor'] as const)(
    'in a handler of a run with %s so far suspends it after the turn',
    async (before) => {
      const runs: Stimulation[] = [];
      const ran: string[] = [];
      const first = neuron('first', { hop }).dendrite({
        collateral: go,
        response: (text, axon) => Promise.resolve(axon.hop.createSignal(text)),
      });
      const stopping = neuron('stopping', { hop, end }).dendrite({
        collateral: hop,
        response: async (text, axon) => {
          ran.push(text);
          for (const { actor } of runs) actor.stop();
          await null;
          return axon.end.createSignal();
        },
      });
      const last = neuron('last', {}).dendrite({ collateral: end, response: () => void ran.push('last') });
      const cns = new CNS([first, stopping, last], { logger: recordingLogger() });
      const run = cns.stimulate(go.createSignal('text'));
      runs.push(run);
      if (before === 'an actor') void run.actor;
      expect(await caught(run)).toBeInstanceOf(RunSuspendedError);
      await quiet();
      expect({ ran, status: run.status }).toEqual({ ran: ['text'], status: 'suspended' });
    },
  );

  it('of a durable run that is not stored yet suspends it before any handler', async () => {
    const store = memoryStore();
    const { cns, ran } = single(store);
    const run = cns.stimulate(go.createSignal('a'), { id: 'x' });
    run.actor.stop();
    const outcome = run.waitUntilComplete().catch((error: unknown) => error);
    await quiet();
    expect({ status: run.status, ran }).toEqual({ status: 'suspended', ran: [] });
    expect(await outcome).toBeInstanceOf(RunSuspendedError);
    expect((await store.list({})).runs).toMatchObject([{ id: 'x', lease: null }]);
  });
});
