import { CNS, collateral, type CNSOptions, neuron, type Signal } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { caught } from '../support/caught.js';
import {
  begin,
  forms,
  frontierOf,
  type Going,
  machineForms,
  machineOf,
  machinePairs,
  restore,
} from '../support/forms.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { heldStore } from '../support/stores.js';

const START = 1_700_000_000_000;
const DAY = 86_400_000;
const plan = collateral<readonly (readonly [name: string, delay: number | '10m' | '60d'])[]>('plan');
const call = collateral<string>('call');
const talk = collateral<string>('talk');
const unheard = collateral('unheard');

type Plan = (typeof plan extends { createSignal(payload: infer T): unknown } ? T : never) & object;

/** `planner` emits what it is told, each with its delay; `callee` writes down when it is called. */
function office(options: CNSOptions & { readonly now?: number; readonly milestone?: boolean } = {}) {
  const { now = START, milestone = false, ...rest } = options;
  const clock = new ManualClock(now);
  const log: string[] = [];
  const tell = (what: string) => void log.push(`${clock.now() - START} ${what}`);
  const ends: (() => void)[] = [];
  const planner = neuron('planner', { call, unheard }).dendrite({
    collateral: plan,
    response: (calls, axon) => {
      tell('plan');
      return calls.map(([name, delay]) =>
        name === 'unheard' ? axon.unheard.createSignal(undefined, { delay }) : axon.call.createSignal(name, { delay }),
      );
    },
  });
  if (milestone) planner.milestone();
  const callee = neuron('callee', {}).dendrite({ collateral: call, response: (name) => tell(`call ${name}`) });
  const talker = neuron('talker', {}).dendrite({
    collateral: talk,
    response: (name) => {
      tell(`talk ${name}`);
      return new Promise<void>((resolve) => ends.push(resolve));
    },
  });
  const cns = new CNS([planner, callee, talker], { clock, logger: recordingLogger(), ...rest });
  return { cns, clock, log, since: () => log.splice(0), endTalk: () => ends.shift()?.() };
}

const planned = (...calls: Plan): Signal => plan.createSignal(calls);

/** Each with its deadline, as milliseconds from the start. */
const delaysOf = ({ context }: Going): unknown[] =>
  context.frontier.map(({ neuron, state, payload, due }) => [neuron, state, payload, (due ?? NaN) - START]);

describe.each(forms)('a delayed signal, in the form of a %s', (form) => {
  it('is delivered when its delay is over, to the millisecond; until then it is in the snapshot with its deadline', async () => {
    const { cns, clock, since } = office();
    const run = begin(form, cns, planned(['later', 100], ['now', 0], ['long', '10m']));
    expect(since()).toEqual(['0 plan', '0 call now']);
    expect(delaysOf(run)).toEqual([
      ['callee', 'delayed', 'later', 100],
      ['callee', 'delayed', 'long', 600_000],
    ]);
    expect(clock.timers).toBe(1); // one for all of them
    await clock.pass(99);
    expect(since()).toEqual([]);
    await clock.pass(600_000);
    expect(since()).toEqual(['100 call later', '600000 call long']);
    expect(run.context).toMatchObject({ status: 'completed', settled: 4, frontier: [] });
    expect(clock.timers).toBe(0);
  });

  it('comes in the order of its deadline, and of emission where that is the same', async () => {
    const { cns, clock, since } = office();
    const first = planned(['c', 30], ['a', 10], ['d', 30], ['b', 20]);
    begin(form, cns, [first, planned(['a2', 10], ['d2', 30])]);
    await clock.pass(30);
    expect(since()).toEqual([
      '0 plan',
      '0 plan',
      '10 call a',
      '10 call a2',
      '20 call b',
      '30 call c',
      '30 call d',
      '30 call d2',
    ]);
  });

  it('keeps that order when the clock has gone past several deadlines at once', () => {
    const { cns, since } = office();
    const run = begin(form, cns, planned(['c', 30], ['a', 10], ['d', 30], ['b', 20], ['later', 1000]));
    void run.context; // an actor from here on
    run.send({ type: 'engram.tick', now: START + 500 });
    expect(since()).toEqual(['0 plan', '0 call a', '0 call b', '0 call c', '0 call d']);
    expect(delaysOf(run)).toEqual([['callee', 'delayed', 'later', 1000]]);
  });

  it('may be one that the run is started with', async () => {
    const { cns, clock, since } = office();
    const signals = [
      call.createSignal('late', { delay: 20 }),
      call.createSignal('at once'),
      call.createSignal('soon', { delay: 10 }),
    ];
    const run = begin(form, cns, signals, {}, clock.now());
    expect(since()).toEqual(['0 call at once']);
    await clock.pass(20);
    expect(since()).toEqual(['10 call soon', '20 call late']);
    expect(run.context.status).toBe('completed');
  });

  it('waits for 60 days, which no timer of the system can count', async () => {
    const { cns, clock, since } = office();
    const run = begin(form, cns, planned(['renewal', '60d']));
    await clock.pass(60 * DAY - 1);
    expect(frontierOf(run)).toEqual(['callee delayed']);
    expect(since()).toEqual(['0 plan']);
    await clock.pass(1);
    expect(since()).toEqual([`${60 * DAY} call renewal`]);
    expect(run.context.status).toBe('completed');
    expect(clock.timers).toBe(0);
  });

  it('keeps no run open that nobody listens to', () => {
    const { cns, clock } = office();
    const run = begin(form, cns, planned(['unheard', '10m']));
    expect(run.context.status).toBe('completed');
    expect(clock.timers).toBe(0);
  });

  it('becomes a failed task of an aborted run, once, and is never delivered', async () => {
    const { cns, clock, since } = office();
    const run = begin(form, cns, planned(['a', 10], ['b', 20]));
    await clock.pass(15);
    run.send({ type: 'engram.abort', reason: 'enough' });
    expect(clock.timers).toBe(0);
    await clock.pass(100);
    expect(since()).toEqual(['0 plan', '10 call a']);
    expect(run.context.status).toBe('aborted');
    expect(run.context.failed).toMatchObject([
      { neuron: 'callee', payload: 'b', due: START + 20, aborted: true, error: { code: 'ABORTED' } },
    ]);
  });

  it('waits for room where its run has a limit, behind what is ready', async () => {
    const { cns, clock, since, endTalk } = office();
    begin(form, cns, [planned(['x', 10]), talk.createSignal('1'), talk.createSignal('2')], { concurrency: 1 });
    await clock.pass(50);
    expect(since()).toEqual(['0 plan', '0 talk 1']);
    endTalk();
    await quiet();
    expect(since()).toEqual(['50 talk 2']);
    endTalk();
    await quiet();
    expect(since()).toEqual(['50 call x']);
  });

  it('leaves no timer behind when its actor is stopped', () => {
    const { cns, clock } = office();
    const run = begin(form, cns, planned(['x', 10]));
    void run.context;
    run.stop();
    expect(clock.timers).toBe(0);
  });

  it('costs one timer and the logarithm of their number, however many there are', async () => {
    const { cns, clock, since } = office();
    const many: Plan = Array.from({ length: 500 }, (_, i) => [String(i), ((i * 7919) % 500) + 1] as const);
    const run = begin(form, cns, planned(...many));
    expect(clock.timers).toBe(1);
    expect(run.context.frontier).toHaveLength(500);
    run.send({ type: 'engram.tick', now: START + 500 });
    const order = [...many].sort(([, a], [, b]) => Number(a) - Number(b)).map(([name]) => `0 call ${name}`);
    expect(since()).toEqual(['0 plan', ...order]);
  });
});

describe.each(machinePairs)('I2: a snapshot of a %s with delays, restored as a %s', (from, to) => {
  /** What is left of a run by its process at the start, in another process at `now`. */
  const restored = (now: number) => {
    const gone = office();
    const first = begin(from, gone.cns, planned(['c', 300], ['a', 100], ['b', 200]));
    const snapshot = first.persisted();
    first.stop();
    expect(gone.since()).toEqual(['0 plan']);
    const here = office({ now });
    return { ...here, run: restore(to, here.cns, snapshot) };
  };

  it('delivers at the deadlines that it had', async () => {
    const { clock, since, run } = restored(START + 50);
    await clock.pass(1000);
    expect(since()).toEqual(['100 call a', '200 call b', '300 call c']);
    expect(run.context.status).toBe('completed');
  });

  it('delivers at once what is overdue, in the order in which it was due', async () => {
    const { clock, since, run } = restored(START + 250);
    await clock.pass(0);
    expect(since()).toEqual(['250 call a', '250 call b']);
    await clock.pass(50);
    expect(since()).toEqual(['300 call c']);
    expect(run.context.status).toBe('completed');
  });
});

describe.each(machineForms)('a delayed signal of a milestone, in the form of a %s', (form) => {
  const input = {
    id: 'run',
    hold: true,
    signals: [
      {
        collateral: 'plan',
        payload: [
          ['late', 100],
          ['now', 0],
        ],
      },
    ],
  };
  const held = () => {
    const made = office({ milestone: true });
    const actor = createActor(machineOf(form, made.cns), { input }).start();
    const states = () =>
      (actor.getSnapshot().context as Going['context']).frontier.map(({ payload, state, due }) => [
        payload,
        state,
        due,
      ]);
    const { activation } = actor.getSnapshot().context.barriers[0] as { activation: string };
    return { ...made, actor, states, store: () => actor.send({ type: 'planner:checkpointed', activation }) };
  };

  it('I4: is held with its deadline, which began to count when it was emitted', async () => {
    const { clock, since, states, store } = held();
    expect(states()).toEqual([
      ['late', 'held', START + 100],
      ['now', 'held', undefined],
    ]);
    expect(clock.timers).toBe(0);
    await clock.pass(40);
    store();
    expect(states()).toEqual([['late', 'delayed', START + 100]]);
    await clock.pass(60);
    expect(since()).toEqual(['0 plan', '40 call now', '100 call late']);
  });

  it('I4: is delivered at once when it was due before the milestone was stored', async () => {
    const { clock, since, store, actor } = held();
    await clock.pass(150);
    expect(since()).toEqual(['0 plan']);
    store();
    await clock.pass(0);
    expect(since()).toEqual(['150 call now', '150 call late']);
    expect(actor.getSnapshot().status).toBe('done');
  });
});

describe('a run with delays', () => {
  it('is `waiting` while nothing else is left to do, and `running` otherwise', async () => {
    const { cns, clock, endTalk } = office();
    const run = cns.stimulate([planned(['x', 10]), talk.createSignal('t')]);
    expect(run.status).toBe('running');
    endTalk();
    await quiet();
    expect(run.status).toBe('waiting');
    expect(run.getOutstandingTasks()).toMatchObject([{ neuron: 'callee', payload: 'x', due: START + 10 }]);
    await clock.pass(10);
    expect((await run).status).toBe('completed');
  });

  it('is stored as waiting, with its next deadline where a store lists it', async () => {
    const store = memoryStore();
    const { cns, clock } = office({ store });
    const run = cns.stimulate(planned(['b', 20_000], ['a', 10_000]), { id: 'run' });
    await quiet();
    const listed = async () =>
      (await store.list({})).runs.map(({ index: { status, due } }) => [status, (due ?? NaN) - START]);
    expect(await listed()).toEqual([['waiting', 10_000]]);
    await clock.pass(10_000);
    expect(await listed()).toEqual([['waiting', 20_000]]);
    await clock.pass(10_000);
    expect(await listed()).toEqual([['completed', NaN]]);
    expect((await run).status).toBe('completed');
    await cns.close();
    expect(clock.timers).toBe(0);
  });

  it('I4: holds a delayed signal behind its milestone until that is stored', async () => {
    const held = heldStore();
    const { cns, clock, since } = office({ store: held.store, milestone: true });
    const run = cns.stimulate(planned(['late', 100], ['later', 200]), { id: 'run' });
    await (await held.next()).acknowledge();
    const write = await held.next();
    await clock.pass(150);
    expect(since()).toEqual(['0 plan']);
    await write.acknowledge();
    held.open();
    await clock.pass(0);
    expect(since()).toEqual(['150 call late']);
    await clock.pass(50);
    expect(since()).toEqual(['200 call later']);
    expect((await run).status).toBe('completed');
    await cns.close();
  });

  it('has its entry delayed from when it was started, also where the first save takes long', async () => {
    const held = heldStore();
    const { cns, clock, since } = office({ store: held.store });
    const run = cns.stimulate([call.createSignal('x', { delay: 100 }), call.createSignal('y', { delay: 500 })], {
      id: 'run',
    });
    await clock.pass(300);
    expect(run.status).toBe('starting');
    held.open();
    await quiet();
    await clock.pass(0);
    expect(since()).toEqual(['300 call x']);
    await clock.pass(200);
    expect(since()).toEqual(['500 call y']);
    expect((await run).status).toBe('completed');
    await cns.close();
  });

  it('attaches to the run that is there when it is started once more with the same delays', async () => {
    const { cns, clock, since } = office({ store: memoryStore() });
    const entry = call.createSignal('x', { delay: 100 });
    const first = cns.stimulate(entry, { id: 'run' });
    await clock.pass(50);
    const second = cns.stimulate(entry, { id: 'run' });
    expect(() => cns.stimulate(call.createSignal('x', { delay: 101 }), { id: 'run' })).toThrow(/already|exists/);
    await clock.pass(50);
    expect(since()).toEqual(['100 call x']);
    expect(await Promise.all([first, second])).toMatchObject([{ status: 'completed' }, { status: 'completed' }]);
    await cns.close();
  });

  it('leaves tasks that another run does at the deadline that they had, and at once when that has passed', async () => {
    const { cns, clock, since } = office();
    const run = cns.stimulate(planned(['a', 10], ['b', 200]));
    const ended = caught(run);
    run.abort('enough');
    await ended;
    await clock.pass(100);
    const tasks = JSON.parse(JSON.stringify(run.getAllActivationTasks())) as ReturnType<
      typeof run.getAllActivationTasks
    >;
    const again = cns.activate(tasks);
    await clock.pass(100);
    expect(since()).toEqual(['0 plan', '100 call a', '200 call b']);
    expect((await again).status).toBe('completed');
  });
});
