import { CNS, collateral, neuron, type CNSOptions, type Counters } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

const start = collateral<number>('start');
const next = collateral<string>('next');
const last = collateral<string>('last');

/** `drained <pending>+<active>=<queueLength> @<hops>` */
const line = ({ pendingActivations: p, activeActivations: a, queueLength, hops }: Counters): string =>
  `drained ${p}+${a}=${queueLength} @${hops}`;

/** `one` and `two` in a row, synchronously; then three times `slow`, which answers when told to; then `end`. */
function flow(trace: string[], options: CNSOptions = {}) {
  const opened: (() => Promise<void>)[] = [];
  const one = neuron('one', { next }).dendrite({
    collateral: start,
    response: (n, axon) => {
      trace.push('one');
      return Array.from({ length: n }, (_, i) => axon.next.createSignal(String(i)));
    },
  });
  const slow = neuron('slow', { last }).dendrite({
    collateral: next,
    response: async (which, axon) => {
      trace.push(`slow ${which}`);
      await new Promise<void>((resolve) => {
        opened.push(async () => {
          resolve();
          await quiet();
        });
      });
      return axon.last.createSignal(which);
    },
  });
  const end = neuron('end', {}).dendrite({ collateral: last, response: (which) => void trace.push(`end ${which}`) });
  return { cns: new CNS([one, slow, end], { logger: recordingLogger(), ...options }), opened };
}

const kept = (trace: string[]) => (counters: Counters) => void trace.push(line(counters));

describe.each([
  ['in memory', () => ({})],
  ['inspected', () => ({ inspect: () => undefined })],
] as readonly (readonly [string, () => CNSOptions])[])('onDrain, %s', (_place, options) => {
  it('is called before stimulate() returns, when all that needs no waiting is done', async () => {
    const trace: string[] = [];
    const { cns } = flow(trace, options());
    void caught(cns.stimulate(start.createSignal(2), { onDrain: kept(trace) }));
    trace.push('returned');
    expect(trace).toEqual(['one', 'slow 0', 'slow 1', 'drained 0+2=2 @1', 'returned']);
    await quiet();
    expect(trace).toHaveLength(5);
  });

  it('is called once for a run that is done when stimulate() returns, with nothing left', async () => {
    const trace: string[] = [];
    const { cns } = flow(trace, options());
    const run = cns.stimulate(start.createSignal(0), { onDrain: kept(trace) });
    expect(trace).toEqual(['one', 'drained 0+0=0 @1']);
    await run;
    expect(trace).toEqual(['one', 'drained 0+0=0 @1']);
  });

  it('is called once at the end of each later turn as well, with exact counters', async () => {
    const trace: string[] = [];
    const { cns, opened } = flow(trace, options());
    const run = cns.stimulate(start.createSignal(3), { onDrain: kept(trace) });
    expect(trace.splice(0)).toEqual(['one', 'slow 0', 'slow 1', 'slow 2', 'drained 0+3=3 @1']);
    await opened[1]?.();
    expect(trace.splice(0)).toEqual(['end 1', 'drained 0+2=2 @3']);
    await opened[0]?.();
    expect(trace.splice(0)).toEqual(['end 0', 'drained 0+1=1 @5']);
    await opened[2]?.();
    expect(trace.splice(0)).toEqual(['end 2', 'drained 0+0=0 @7']);
    await run;
    expect(trace).toEqual([]);
  });

  it('sees as pending what the run may not start yet', async () => {
    const trace: string[] = [];
    const { cns, opened } = flow(trace, options());
    const run = cns.stimulate(start.createSignal(3), { concurrency: 1, onDrain: kept(trace) });
    expect(trace.splice(0)).toEqual(['one', 'slow 0', 'drained 2+1=3 @1']);
    await opened[0]?.();
    expect(trace.splice(0)).toEqual(['slow 1', 'drained 2+1=3 @2']);
    await opened[1]?.();
    await opened[2]?.();
    await run;
    expect(trace).toEqual(['slow 2', 'drained 2+1=3 @3', 'end 0', 'end 1', 'end 2', 'drained 0+0=0 @7']);
  });

  it('is called after the responses of its turn were told', async () => {
    const trace: string[] = [];
    const { cns } = flow(trace, options());
    await cns.stimulate(start.createSignal(0), {
      onResponse: ({ neuron }) => void trace.push(`heard ${neuron}`),
      onDrain: kept(trace),
    });
    expect(trace).toEqual(['one', 'heard one', 'drained 0+0=0 @1']);
  });

  it('is called when time has brought something back, and when a failed attempt waits for the next', async () => {
    const trace: string[] = [];
    const clock = new ManualClock();
    const weak = neuron('weak', { next })
      .retry({ attempts: 2, backoff: 'constant', initial: 10 })
      .dendrite({
        collateral: start,
        response: (_n, axon, { attempt }) => {
          trace.push(`weak ${attempt}`);
          if (attempt === 1) throw new RangeError('weak');
          return axon.next.createSignal('n', { delay: 5 });
        },
      });
    const sink = neuron('sink', {}).dendrite({ collateral: next, response: () => void trace.push('sink') });
    const run = new CNS([weak, sink], { ...options(), clock }).stimulate(start.createSignal(1), {
      onDrain: kept(trace),
    });
    await clock.pass(15);
    await run;
    expect(trace).toEqual(['weak 1', 'drained 1+0=1 @0', 'weak 2', 'drained 1+0=1 @1', 'sink', 'drained 0+0=0 @2']);
  });

  it('is called when a listener lets go what it held, once for all of it', async () => {
    const trace: string[] = [];
    const { cns, opened } = flow(trace, options());
    let letGo: () => void = () => undefined;
    const run = cns.stimulate(start.createSignal(2), {
      onDrain: kept(trace),
      onResponse: ({ neuron, outputSignal }) =>
        neuron === 'one' && outputSignal?.payload === '0'
          ? new Promise<void>((resolve) => (letGo = resolve))
          : undefined,
    });
    expect(trace.splice(0)).toEqual(['one', 'slow 1', 'drained 1+1=2 @1']);
    letGo();
    await quiet();
    expect(trace.splice(0)).toEqual(['slow 0', 'drained 0+2=2 @1']);
    for (const open of opened) await open();
    await run;
  });
});

describe.each([
  ['in memory', () => ({})],
  ['inspected', () => ({ inspect: () => undefined })],
  ['with a store', () => ({ store: memoryStore() })],
] as readonly (readonly [string, () => CNSOptions])[])('a drain listener, %s', (_place, options) => {
  it('that throws is logged, and neither the run nor another listener notices', async () => {
    const trace: string[] = [];
    const logger = recordingLogger();
    const { cns } = flow(trace, { ...options(), logger });
    cns.addDrainListener(() => {
      throw new RangeError('drain');
    });
    cns.addDrainListener(kept(trace));
    const own = () => {
      throw new TypeError('own');
    };
    const result = await cns.stimulate(start.createSignal(0), { id: 'run', onDrain: own });
    expect(result.status).toBe('completed');
    expect(trace).toEqual(['one', 'drained 0+0=0 @1']);
    expect(logger.errors).toEqual([
      { message: 'a drain listener of run "run" threw', error: new RangeError('drain') },
      { message: 'a drain listener of run "run" threw', error: new TypeError('own') },
    ]);
    expect(logger.warnings).toEqual([]);
  });

  it('of the CNS hears every run that starts after it, with the run; removed, it hears no more', async () => {
    const heard: string[] = [];
    const { cns } = flow([], options());
    await cns.stimulate(start.createSignal(0), { id: 'a' });
    const remove = cns.addDrainListener(
      ({ stimulation, queueLength }) => void heard.push(`${stimulation.id} ${queueLength}`),
    );
    await cns.stimulate(start.createSignal(0), { id: 'b' });
    await cns.stimulate(start.createSignal(0), { id: 'c' });
    remove();
    await cns.stimulate(start.createSignal(0), { id: 'd' });
    expect(heard).toEqual(['b 0', 'c 0']);
  });

  it('removed while it is called skips nobody', async () => {
    const heard: string[] = [];
    const { cns } = flow([], options());
    const removers: (() => void)[] = [];
    for (const name of ['first', 'second', 'third']) {
      const remove = cns.addDrainListener(() => {
        heard.push(name);
        removers[0]?.();
      });
      removers.push(remove);
    }
    await cns.stimulate(start.createSignal(0));
    await cns.stimulate(start.createSignal(0));
    expect(heard).toEqual(['first', 'second', 'third', 'second', 'third']);
  });

  it('may start another run, which has its own turn', async () => {
    const heard: string[] = [];
    const { cns } = flow([], options());
    const more: PromiseLike<unknown>[] = [];
    cns.addDrainListener(({ stimulation }) => {
      heard.push(stimulation.id);
      if (stimulation.id === 'a') more.push(cns.stimulate(start.createSignal(0), { id: 'b' }));
    });
    await cns.stimulate(start.createSignal(0), { id: 'a' });
    await Promise.all(more);
    expect(heard).toEqual(['a', 'b']);
  });

  it('refuses what is no function', () => {
    const { cns } = flow([], options());
    expect(() => cns.addDrainListener(null as never)).toThrow('addDrainListener: the listener is no function');
  });
});

describe('onDrain of a durable run', () => {
  it('is called once at the end of each turn, and not again for what the store says', async () => {
    const trace: string[] = [];
    const { cns, opened } = flow(trace, { store: memoryStore() });
    const run = cns.stimulate(start.createSignal(2), { onDrain: kept(trace) });
    expect(trace).toEqual([]);
    await quiet();
    expect(trace.splice(0)).toEqual(['one', 'slow 0', 'slow 1', 'drained 0+2=2 @1']);
    await opened[0]?.();
    expect(trace.splice(0)).toEqual(['end 0', 'drained 0+1=1 @3']);
    await opened[1]?.();
    await run;
    expect(trace).toEqual(['end 1', 'drained 0+0=0 @5']);
  });

  it('is called at a milestone with what it holds pending, and again when that is let go', async () => {
    const trace: string[] = [];
    const pay = neuron('pay', { next, last })
      .milestone()
      .dendrite({
        collateral: start,
        response: (_n, axon) => {
          trace.push('pay');
          return [axon.next.createSignal('n'), axon.last.createSignal('l')];
        },
      });
    const sink = neuron('sink', {})
      .milestone()
      .dendrite({ collateral: [next, last], response: (which) => void trace.push(`sink ${which}`) });
    const cns = new CNS([pay, sink], { store: memoryStore() });
    await cns.stimulate(start.createSignal(1), { onDrain: kept(trace) });
    expect(trace).toEqual(['pay', 'drained 2+0=2 @1', 'sink n', 'sink l', 'drained 0+0=0 @3']);
  });

  it('is called for a rehydrated run as well, by the listeners of the CNS that brought it back', async () => {
    const trace: string[] = [];
    const store = memoryStore();
    const first = flow(trace, { store });
    first.cns
      .stimulate(start.createSignal(1), { id: 'run' })
      .waitUntilComplete()
      .catch(() => undefined);
    await quiet();
    await first.cns.close();
    expect(trace.splice(0)).toEqual(['one', 'slow 0']);
    const second = flow(trace, { store });
    second.cns.addDrainListener(kept(trace));
    const run = await second.cns.rehydrate('run');
    expect(trace.splice(0)).toEqual(['one', 'slow 0', 'drained 0+1=1 @1']);
    await second.opened[0]?.();
    await run?.waitUntilComplete();
    expect(trace).toEqual(['end 0', 'drained 0+0=0 @3']);
  });
});
