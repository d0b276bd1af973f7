import { CNS, collateral, neuron, withCtx, type CNSOptions, type Stimulation } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { toPromise, waitFor, type InspectionEvent } from 'xstate';
import { caught } from '../support/caught.js';
import { quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

const start = collateral<number>('start');
const next = collateral<number>('next');
const out = collateral<string>('out');

interface Hooks {
  readonly inHandler?: (n: number) => void;
  readonly options?: CNSOptions;
}

/** Counts down, each second hop async, and then emits its output. */
function flow({ inHandler, options = {} }: Hooks = {}) {
  const trace: number[] = [];
  const count = withCtx<number>()
    .neuron('count', { next, out })
    .dendrite({
      collateral: [start, next],
      response: (n, axon, ctx) => {
        trace.push(n);
        inHandler?.(n);
        ctx.update((hops = 0) => hops + 1);
        const answer = n > 0 ? axon.next.createSignal(n - 1) : axon.out.createSignal('end');
        return n % 2 === 0 ? Promise.resolve(answer) : answer;
      },
    });
  return { cns: new CNS([count], { logger: recordingLogger(), ...options }), trace };
}

interface Seen {
  readonly trace: readonly number[];
  readonly context: unknown;
  readonly output: unknown;
  readonly persisted: unknown;
  readonly status: string;
}

async function play(when: 'never' | 'at once' | 'in a handler' | 'in a listener' | 'between turns' | 'after the end') {
  const runs: Stimulation[] = [];
  const look = () => runs.map((run) => run.actor);
  const { cns, trace } = flow(when === 'in a handler' ? { inHandler: (n) => (n === 4 ? look() : undefined) } : {});
  const onResponse = () => {
    if (when === 'in a listener' && trace.length === 3) look();
  };
  const started = cns.stimulate(start.createSignal(7), { id: 'r', output: out, onResponse });
  runs.push(started);
  if (when === 'at once') look();
  if (when === 'between turns') {
    await null;
    look();
  }
  const result = await started;
  const { actor } = started;
  expect(await toPromise(actor)).toBe('end');
  const snapshot = actor.getSnapshot();
  const persisted = JSON.parse(JSON.stringify(actor.getPersistedSnapshot())) as unknown;
  return { trace, context: result.context, output: result.output, persisted, status: snapshot.status } as Seen;
}

describe('I7: an actor that is made', () => {
  it.each(['at once', 'in a handler', 'in a listener', 'between turns', 'after the end'] as const)(
    '%s sees the same end of the same run as one that is never asked for',
    async (when) => {
      const expected = await play('never');
      expect(expected).toMatchObject({ trace: [7, 6, 5, 4, 3, 2, 1, 0], context: { count: 8 }, status: 'done' });
      expect(await play(when)).toEqual(expected);
    },
  );

  it('is the same one every time, and its state is what the run does', async () => {
    const { cns } = flow();
    const run = cns.stimulate(start.createSignal(2));
    expect(run.actor).toBe(run.actor);
    expect(run.actor.getSnapshot().value).toEqual({ running: { count: 'responding' } });
    expect(run.actor.getSnapshot().hasTag('busy')).toBe(true);
    const end = await waitFor(run.actor, (snapshot) => snapshot.matches('completed'));
    expect(end.status).toBe('done');
  });

  it('for a durable run that is still `starting` starts nothing, and sees the end', async () => {
    const { cns, trace } = flow({ options: { store: memoryStore() } });
    const run = cns.stimulate(start.createSignal(3), { output: out });
    const ended = toPromise(run.actor);
    expect([run.status, trace]).toEqual(['starting', []]);
    await run;
    expect(await ended).toBe('end');
  });

  it('tells its observers of a run that fails that it is done, with the value `failed`', async () => {
    const weak = neuron('weak', {}).dendrite({
      collateral: start,
      response: () => Promise.reject(new RangeError('x')),
    });
    const run = new CNS([weak]).stimulate(start.createSignal(1));
    const done = new Promise<void>((resolve) => run.actor.subscribe({ complete: resolve }));
    await caught(run);
    await done;
    expect(run.actor.getSnapshot()).toMatchObject({ status: 'done', value: 'failed' });
  });

  it('takes signals from outside as events, each delivery id once, and unknown events not at all', async () => {
    const { cns, trace } = flow();
    const run = cns.stimulate(start.createSignal(2));
    run.actor.send({ type: 'start', payload: 10.5, deliveryId: 'd' });
    run.actor.send({ type: 'start', payload: 10.5, deliveryId: 'd' });
    run.actor.send({ type: 'nothing of the kind' });
    run.actor.send({ type: 'start', payload: 20.25 });
    await run;
    expect(trace.filter((n) => n === 10.5)).toHaveLength(1);
    expect(trace.filter((n) => n === 20.25)).toHaveLength(1);
  });

  it('I2: shows snapshots that never change, whatever the run does after them', async () => {
    const { cns } = flow();
    const run = cns.stimulate(start.createSignal(9));
    const texts: string[] = [];
    const snapshots: { toJSON(): object }[] = [];
    run.actor.subscribe((snapshot) => {
      snapshots.push(snapshot);
      texts.push(JSON.stringify(snapshot));
    });
    await run;
    await quiet();
    expect(snapshots.length).toBeGreaterThan(3);
    expect(snapshots.map((snapshot) => JSON.stringify(snapshot))).toEqual(texts);
  });
});

describe('an actor made while a handler has the turn', () => {
  it('is told of a turn once, also where a slot is given back and granted in its middle', async () => {
    const told = async (inHandler: boolean) => {
      const begun: string[] = [];
      const ends = new Map<string, () => void>();
      const respond = (name: string) => {
        begun.push(name);
        return name.startsWith('slow') ? new Promise<void>((end) => ends.set(name, end)) : undefined;
      };
      const end = async (name: string) => {
        ends.get(name)?.();
        await quiet();
      };
      const talk = collateral<string>('talk');
      const press = neuron('press', {}).setConcurrency(1).dendrite({ collateral: out, response: respond });
      const talker = neuron('talker', {}).dendrite({ collateral: talk, response: respond });
      const feeder = neuron('feeder', { out, talk }).dendrite({
        collateral: start,
        response: (_, axon, ctx) => {
          if (inHandler) look(ctx.stimulation);
          const pressed = ['slow', 'quick', 'last'].map((name) => axon.out.createSignal(name));
          return [...pressed, ...['slow talk', 'slow talk too'].map((name) => axon.talk.createSignal(name))];
        },
      });
      let turns = 0;
      const look = (run: unknown) => void (run as Stimulation).actor.subscribe(() => turns++);
      const run = new CNS([feeder, press, talker]).stimulate(start.createSignal(1), { concurrency: 2 });
      if (!inHandler) look(run);
      await end('slow'); // `quick` is granted its slot, and waits for the run to have room
      turns = 0;
      await end('slow talk');
      expect(begun).toEqual(['slow', 'slow talk', 'slow talk too', 'quick', 'last']);
      await end('slow talk too');
      await run;
      return turns;
    };
    expect(await told(true)).toBe(await told(false));
  });
});

describe('the inspect option', () => {
  it('is told of every hop as an event of its own, and changes nothing else', async () => {
    const events: string[] = [];
    const inspect = (event: InspectionEvent) => {
      if (event.type === '@xstate.event') events.push(event.event.type);
    };
    const { cns, trace } = flow({ options: { inspect } });
    expect(await cns.stimulate(start.createSignal(3), { output: out })).toMatchObject({
      output: 'end',
      context: { count: 4 },
    });
    expect(trace).toEqual([3, 2, 1, 0]);
    expect(events.filter((type) => type === 'count:responded')).toHaveLength(4);
    expect(events.filter((type) => type === 'count:pending')).toHaveLength(2);
  });

  it('I11: leaves it so that all synchronous work is done when stimulate returns', () => {
    const { cns, trace } = flow({ options: { inspect: () => undefined } });
    const run = cns.stimulate(start.createSignal(1));
    expect([trace, run.status]).toEqual([[1, 0], 'running']);
  });
});
