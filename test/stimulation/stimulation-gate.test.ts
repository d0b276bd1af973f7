import {
  CNS,
  CNSClosedError,
  collateral,
  InvalidArgumentError,
  neuron,
  StimulationAbortedError,
  StimulationFailedError,
  UnknownCollateralError,
  type CNSOptions,
  type Counters,
} from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CNSStimulationGate, type StimulationGateOptions } from '../../src/stimulation/stimulation-gate.js';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { heldStore } from '../support/stores.js';

const go = collateral<number>('go');
const done = collateral<number>('done');

interface Body {
  readonly n: number;
  readonly end: () => void;
  readonly fail: (error: unknown) => void;
}

/** A flow of one hop per signal, each of which a hand ends; the output is the payload of the last to end. */
function byHand(options: CNSOptions = {}, onStart: (n: number) => void = () => undefined) {
  const bodies: Body[] = [];
  const hop = neuron('hop', { done }).dendrite({
    collateral: go,
    response: (n, axon) =>
      new Promise((resolve, reject) => {
        bodies.push({ n, end: () => resolve(axon.done.createSignal(n)), fail: reject });
        onStart(n);
      }),
  });
  const cns = new CNS([hop], { logger: recordingLogger(), ...options });
  const logger = recordingLogger();
  const gateOf = (more: Partial<StimulationGateOptions> = {}) =>
    new CNSStimulationGate({ cns, signal: go.createSignal(1), options: { output: done }, logger, ...more });
  const body = (index: number) => bodies[index] as Body;
  return { cns, bodies, body, logger, gateOf };
}

/** A flow that does all it has to do at once, and counts its runs. */
function atOnce(inHandler: (run: number) => void = () => undefined) {
  let runs = 0;
  const hop = neuron('hop', {}).dendrite({ collateral: go, response: () => inHandler(++runs) });
  return { cns: new CNS([hop]), runs: () => runs };
}

describe('a gate with nothing active', () => {
  it('starts a run and gives its result; the synchronous work is done when drain returns', async () => {
    const { cns, runs } = atOnce();
    const gate = new CNSStimulationGate({ cns, signal: go.createSignal(1), options: { id: 'r' } });
    expect([gate.isDraining, gate.getCurrentStimulation()]).toEqual([false, undefined]);
    const drained = gate.drain();
    expect([runs(), gate.isDraining, gate.getCurrentStimulation()?.id]).toEqual([1, true, 'r']);
    expect(await drained).toMatchObject({ id: 'r', status: 'completed' });
    expect([gate.isDraining, gate.getCurrentStimulation()]).toEqual([false, undefined]);
  });

  it('starts another run for each drain after the one before has ended', async () => {
    const { cns, runs } = atOnce();
    const gate = new CNSStimulationGate({ cns, signal: go.createSignal(1) });
    const first = await gate.drain();
    const second = await gate.drain();
    expect([runs(), first.id === second.id]).toEqual([2, false]);
  });

  it('asks functions for signals and options anew for each run', async () => {
    const { bodies, body, gateOf } = byHand();
    let asked = 0;
    const gate = gateOf({
      signal: () => [go.createSignal(++asked), go.createSignal(asked * 10)],
      options: () => ({ id: `run-${asked}`, output: done }),
    });
    for (const run of [1, 2]) {
      const drained = gate.drain();
      expect(bodies.slice(-2).map(({ n }) => n)).toEqual([run, run * 10]);
      body(bodies.length - 2).end();
      body(bodies.length - 1).end();
      expect(await drained).toMatchObject({ id: `run-${run}`, output: run * 10 });
    }
  });

  it('I6: is refused without a CNS', async () => {
    const wrong = { signal: go.createSignal(1) } as never;
    expect(await caught(() => new CNSStimulationGate(wrong))).toBeInstanceOf(InvalidArgumentError);
  });
});

describe('a trigger while a run is active', () => {
  it('shares the run, and its promise, while several activations are left and one has not started', async () => {
    const { bodies, body, gateOf } = byHand();
    const seen: number[] = [];
    const onDrain = ({ pendingActivations }: Counters) => void seen.push(pendingActivations);
    const signal = [1, 2, 3].map((n) => go.createSignal(n));
    const gate = gateOf({ signal, options: { output: done, concurrency: 1, onDrain } });
    const first = gate.drain();
    expect(gate.drain()).toBe(first);
    body(0).end();
    await quiet();
    expect(gate.drain()).toBe(first);
    body(1).end();
    await quiet();
    body(2).end();
    expect((await first).output).toBe(3);
    await quiet();
    expect([bodies.length, gate.isDraining, seen]).toEqual([3, false, [2, 1, 0, 0]]);
  });

  it('when all that is left has started, however much it is, gets one run behind it', async () => {
    const { bodies, body, gateOf } = byHand();
    const gate = gateOf({ signal: [1, 2].map((n) => go.createSignal(n)) });
    const first = gate.drain();
    const late = gate.drain();
    expect(late).not.toBe(first);
    body(0).end();
    body(1).end();
    await first;
    expect(bodies.length).toBe(4);
    body(2).end();
    body(3).end();
    expect((await late).status).toBe('completed');
    expect(gate.isDraining).toBe(false);
  });

  it('shares a run that only waits for its time', async () => {
    const clock = new ManualClock();
    const later = collateral<number>('later');
    const ran: string[] = [];
    const hop = neuron('hop', { later })
      .dendrite({
        collateral: go,
        response: (n, axon) => {
          ran.push('go');
          return axon.later.createSignal(n, { delay: 1000 });
        },
      })
      .dendrite({ collateral: later, response: () => void ran.push('later') });
    const gate = new CNSStimulationGate({ cns: new CNS([hop], { clock }), signal: go.createSignal(1) });
    const first = gate.drain();
    expect(gate.getCurrentStimulation()?.status).toBe('waiting');
    expect(gate.drain()).toBe(first);
    await clock.pass(1000);
    expect((await first).status).toBe('completed');
    expect([ran, gate.isDraining]).toEqual([['go', 'later'], false]);
  });

  it('in the last hop gets one run behind it, shared by all such triggers, and its result', async () => {
    const { bodies, body, gateOf } = byHand();
    let asked = 0;
    const gate = gateOf({ signal: () => go.createSignal(++asked) });
    const first = gate.drain();
    const late = gate.drain();
    expect(late).not.toBe(first);
    expect(gate.drain()).toBe(late);
    const current = gate.getCurrentStimulation();
    body(0).end();
    expect((await first).output).toBe(1);
    expect([bodies.length, gate.isDraining]).toEqual([2, true]);
    expect(gate.getCurrentStimulation()).not.toBe(current);
    body(1).end();
    expect((await late).output).toBe(2);
    await quiet();
    expect([bodies.length, gate.isDraining]).toEqual([2, false]);
  });

  it('in the last hop of the run behind gets yet another', async () => {
    const { bodies, body, gateOf } = byHand();
    const gate = gateOf();
    const promises = [gate.drain(), gate.drain()];
    body(0).end();
    await promises[0];
    promises.push(gate.drain());
    expect(new Set(promises).size).toBe(3);
    body(1).end();
    await promises[1];
    body(2).end();
    await promises[2];
    expect([bodies.length, gate.isDraining]).toEqual([3, false]);
  });

  it('whose work is done already, in the same turn, gets a run of its own', async () => {
    const { cns, runs } = atOnce();
    const gate = new CNSStimulationGate({ cns, signal: go.createSignal(1) });
    const [first, second] = await Promise.all([gate.drain(), gate.drain()]);
    expect([runs(), first.id === second.id]).toEqual([2, false]);
  });

  it('that comes out of a handler, before `stimulate` has returned, gets the run behind', async () => {
    const late: Promise<unknown>[] = [];
    const { cns, runs } = atOnce((run) => {
      if (run === 1) late.push(gate.drain());
    });
    const gate = new CNSStimulationGate({ cns, signal: go.createSignal(1) });
    const first = gate.drain();
    expect([late.length, late[0] === first]).toEqual([1, false]);
    await Promise.all([first, ...late]);
    expect([runs(), gate.isDraining]).toEqual([2, false]);
  });

  it('that comes out of the last activation, as that starts, gets the run behind', async () => {
    const late: Promise<unknown>[] = [];
    const onStart = (n: number) => {
      if (n === 2 && late.length === 0) late.push(gate.drain());
    };
    const { bodies, body, gateOf } = byHand({}, onStart);
    const signal = [1, 2].map((n) => go.createSignal(n));
    const gate = gateOf({ signal, options: { concurrency: 1 } });
    const first = gate.drain();
    body(0).end();
    await quiet();
    expect([bodies.length, late.length, late[0] === first]).toEqual([2, 1, false]);
    for (const index of [1, 2, 3]) {
      body(index).end();
      await quiet();
    }
    await Promise.all([first, ...late]);
    expect([bodies.length, gate.isDraining]).toEqual([4, false]);
  });

  it('shares the run while its entry is not stored: nothing has started', async () => {
    const held = heldStore();
    const { bodies, body, gateOf } = byHand({ store: held.store });
    const gate = gateOf();
    const first = gate.drain();
    const entry = await held.next();
    expect(gate.drain()).toBe(first);
    held.open();
    await entry.acknowledge();
    await quiet();
    const late = gate.drain();
    expect(late).not.toBe(first);
    body(0).end();
    await first;
    await quiet();
    body(1).end();
    await late;
    expect(bodies.length).toBe(2);
  });

  it('while the end of a durable run is being stored gets the run behind', async () => {
    const held = heldStore();
    const { body, gateOf } = byHand({ store: held.store });
    const gate = gateOf();
    const first = gate.drain();
    await (await held.next()).acknowledge();
    await quiet();
    body(0).end();
    const end = await held.next();
    const late = gate.drain();
    expect(late).not.toBe(first);
    held.open();
    await end.acknowledge();
    await first;
    await quiet();
    body(1).end();
    expect((await late).output).toBe(1);
  });

  /** Works off what is there in batches, whose items take `hops` turns each, and looks again until it finds nothing. */
  function worker(batch: number, hops: number) {
    const source: number[] = [];
    const worked: number[] = [];
    let live = 0;
    let most = 0;
    const item = collateral<{ readonly i: number; readonly left: number }>('item');
    const poll = neuron('poll', { go, item })
      .dendrite({
        collateral: go,
        response: async (n, axon) => {
          most = Math.max(most, ++live);
          const taken = source.splice(0, batch);
          await null;
          live--;
          if (taken.length === 0) return undefined;
          return [...taken.map((i) => axon.item.createSignal({ i, left: hops })), axon.go.createSignal(n)];
        },
      })
      .dendrite({
        collateral: item,
        response: async ({ i, left }, axon) => {
          await null;
          if (left > 0) return axon.item.createSignal({ i, left: left - 1 });
          worked.push(i);
          return undefined;
        },
      });
    return { cns: new CNS([poll]), source, worked, most: () => most };
  }

  it('is never lost: what it announced is done when its promise resolves, and only one run looks at a time', async () => {
    const plan = fc.record({
      batch: fc.integer({ min: 1, max: 3 }),
      // where items have followers, nothing is kept from starting: the look for the next batch is to start last
      shape: fc.oneof(
        fc.record({ hops: fc.integer({ min: 1, max: 3 }), options: fc.constant({}) }),
        fc.record({ hops: fc.constant(0), options: fc.record({ concurrency: fc.integer({ min: 1, max: 3 }) }) }),
      ),
      /** How many microtasks pass before each trigger. */
      waits: fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 12 }),
    });
    let shared = 0;
    const property = fc.asyncProperty(plan, async ({ batch, shape, waits }) => {
      const { cns, source, worked, most } = worker(batch, shape.hops);
      const gate = new CNSStimulationGate({ cns, signal: go.createSignal(0), options: shape.options });
      const checks: Promise<void>[] = [];
      const promises = new Set<unknown>();
      for (const [i, wait] of waits.entries()) {
        for (let turn = 0; turn < wait; turn++) await null;
        source.push(i);
        const drained = gate.drain();
        promises.add(drained);
        checks.push(drained.then(() => expect(worked).toContain(i)));
      }
      await Promise.all(checks);
      shared += waits.length - promises.size;
      expect([...worked].sort((a, b) => a - b)).toEqual(waits.map((_, i) => i));
      expect([most(), gate.isDraining]).toEqual([1, false]);
    });
    await fc.assert(property, { numRuns: 300 });
    expect(shared).toBeGreaterThan(300);
  });
});

describe('a run that fails', () => {
  it('rejects those who share it and blocks nothing: the one behind it runs, and the next', async () => {
    const { body, gateOf, logger } = byHand();
    const gate = gateOf();
    const first = gate.drain();
    const late = gate.drain();
    const cause = new RangeError('no');
    body(0).fail(cause);
    const error = (await caught(first)) as StimulationFailedError;
    expect(error).toBeInstanceOf(StimulationFailedError);
    expect(error.errors).toEqual([cause]);
    body(1).end();
    expect((await late).output).toBe(1);
    const next = gate.drain();
    body(2).end();
    expect((await next).status).toBe('completed');
    expect(logger.errors).toEqual([]);
  });

  it.each(['signal', 'options'] as const)(
    'for `%s` throws rejects with that, and the next is asked again',
    async (which) => {
      const { body, gateOf } = byHand();
      let asked = 0;
      const failing = () => {
        if (++asked === 1) throw new RangeError('not now');
        return (which === 'signal' ? go.createSignal(1) : {}) as never;
      };
      const gate = gateOf({ [which]: failing });
      expect(await caught(gate.drain())).toMatchObject({ message: 'not now' });
      expect([gate.isDraining, gate.abort()]).toEqual([false, false]);
      const next = gate.drain();
      body(0).end();
      expect((await next).status).toBe('completed');
    },
  );

  it('for `stimulate` refuses it rejects with its refusal', async () => {
    const { cns, gateOf } = byHand();
    const foreign = collateral<number>('foreign');
    expect(await caught(gateOf({ signal: foreign.createSignal(1) }).drain())).toBeInstanceOf(UnknownCollateralError);
    await cns.close();
    expect(await caught(gateOf().drain())).toBeInstanceOf(CNSClosedError);
  });

  it('I6: is logged once when nobody waits for it, and is no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const { cns, body, gateOf, logger } = byHand();
    const gate = gateOf({ options: { id: 'r' } });
    void gate.drain();
    void gate.drain();
    body(0).fail(new RangeError('first'));
    await quiet();
    body(1).fail(new RangeError('second'));
    await quiet();
    await cns.close();
    void gate.drain();
    await quiet();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
    expect(logger.errors.map(({ message }) => message)).toEqual([
      'run "r" failed and nobody was waiting for it',
      'run "r" failed and nobody was waiting for it',
      'a run of a stimulation gate failed and nobody was waiting for it',
    ]);
    expect(logger.errors[2]?.error).toBeInstanceOf(CNSClosedError);
  });
});

describe('abort', () => {
  it('is false while nothing is active, and when the run is over', async () => {
    const { cns } = atOnce();
    const gate = new CNSStimulationGate({ cns, signal: go.createSignal(1) });
    expect(gate.abort()).toBe(false);
    const drained = gate.drain();
    expect(gate.abort()).toBe(false);
    expect((await drained).status).toBe('completed');
    expect(gate.abort()).toBe(false);
  });

  it('aborts the active run; it and the one behind it reject with one error, and the next run is as any', async () => {
    const { bodies, body, gateOf } = byHand();
    const gate = gateOf({ options: { id: 'r', output: done } });
    const errors = [gate.drain(), gate.drain()].map(caught);
    const stimulation = gate.getCurrentStimulation();
    expect(gate.abort('shutting down')).toBe(true);
    expect(gate.isDraining).toBe(true);
    body(0).end();
    const [first, late] = await Promise.all(errors);
    expect(first).toBeInstanceOf(StimulationAbortedError);
    expect(first).toMatchObject({ stimulationId: 'r', reason: 'shutting down' });
    expect(late).toBe(first);
    expect([stimulation?.status, gate.isDraining, bodies.length]).toEqual(['aborted', false, 1]);
    const next = gate.drain();
    body(1).end();
    expect((await next).status).toBe('completed');
  });

  it('rejects whatever is asked until the aborted run has ended, with the same error', async () => {
    const { bodies, body, gateOf } = byHand();
    const gate = gateOf();
    const first = caught(gate.drain());
    expect([gate.abort(), gate.abort()]).toEqual([true, true]);
    const after = caught(gate.drain());
    body(0).end();
    expect(await after).toBe(await first);
    expect([bodies.length, gate.isDraining]).toEqual([1, false]);
  });

  it('drops the run behind one that is over, and leaves the result of that as it is', async () => {
    const { cns, runs } = atOnce();
    const gate = new CNSStimulationGate({ cns, signal: go.createSignal(1) });
    const first = gate.drain();
    const late = caught(gate.drain());
    expect(gate.abort('enough')).toBe(true);
    const { id } = await first;
    expect(await late).toBeInstanceOf(StimulationAbortedError);
    expect(await late).toMatchObject({ stimulationId: id, reason: 'enough' });
    expect([runs(), gate.isDraining]).toEqual([1, false]);
  });

  it('that a handler asks for, before `stimulate` has returned, aborts the run', async () => {
    const { body, gateOf } = byHand({}, () => expect(gate.abort('from inside')).toBe(true));
    const gate = gateOf();
    const aborted = caught(gate.drain());
    body(0).end();
    expect(await aborted).toBeInstanceOf(StimulationAbortedError);
    expect(await aborted).toMatchObject({ reason: 'from inside' });
    expect(gate.isDraining).toBe(false);
  });

  it('of a durable run is stored before its promise rejects', async () => {
    const store = memoryStore();
    const { body, gateOf } = byHand({ store });
    const gate = gateOf({ options: { id: 'r' } });
    const drained = caught(gate.drain());
    await quiet();
    expect(gate.abort('enough')).toBe(true);
    body(0).end();
    expect(await drained).toBeInstanceOf(StimulationAbortedError);
    const again = await new CNS([neuron('hop', { done }).dendrite({ collateral: go, response: () => undefined })], {
      store,
    }).rehydrate('r');
    expect(again?.status).toBe('aborted');
  });

  it('is false for a run that was given an abortSignal: its owner aborts, and the run behind goes by its own', async () => {
    const { bodies, body, gateOf } = byHand();
    const controllers: AbortController[] = [];
    const gate = gateOf({
      options: () => {
        const controller = new AbortController();
        controllers.push(controller);
        return { abortSignal: controller.signal, output: done };
      },
    });
    const first = caught(gate.drain());
    const late = gate.drain();
    expect(gate.abort()).toBe(false);
    await quiet();
    expect([gate.getCurrentStimulation()?.status, bodies.length]).toEqual(['running', 1]);
    controllers[0]?.abort('by its owner');
    body(0).end();
    expect(await first).toMatchObject({ code: 'STIMULATION_ABORTED', reason: 'by its owner' });
    await quiet();
    body(1).end();
    expect((await late).output).toBe(1);
  });
});

describe('a trigger that comes when the last of several bodies has started', () => {
  it('gets a trailing run, although two bodies are still active', async () => {
    const job = collateral<number>('job');
    const begin = collateral('begin');
    const ends = new Map<number, () => void>();
    const seen: { gate?: CNSStimulationGate | undefined; late?: Promise<unknown> | undefined } = {};
    const spread = neuron('spread', { job }).dendrite({
      collateral: begin,
      response: (_payload, axon) => [1, 2, 3].map((n) => axon.job.createSignal(n)),
    });
    const work = neuron('work', {}).dendrite({
      collateral: job,
      response: (n) => {
        if (n === 3 && seen.late === undefined) seen.late = seen.gate?.drain();
        return new Promise<undefined>((resolve) => ends.set(n, () => resolve(undefined)));
      },
    });
    const gate = new CNSStimulationGate({
      cns: new CNS([spread, work]),
      signal: begin.createSignal(),
      options: { concurrency: 2 },
    });
    seen.gate = gate;
    const first = gate.drain();
    ends.get(1)?.();
    await quiet();
    expect(seen.late).toBeDefined();
    expect(seen.late).not.toBe(first);
    for (let round = 0; round < 6; round++) {
      for (const end of ends.values()) end();
      await quiet();
    }
    expect(await seen.late).toMatchObject({ status: 'completed' });
  });
});
