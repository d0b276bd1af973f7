import { CNS, collateral, type Counters, InvalidArgumentError, neuron, type Stimulation } from 'engram';
import { toLogic } from 'engram/machines';
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { caught } from '../support/caught.js';
import { begin, failuresOf, forms, frontierOf } from '../support/forms.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

const job = collateral<string>('job');
const talk = collateral<string>('talk');
const stamp = collateral<string>('stamp');
const done = collateral<string>('done');

/** `press` and `stamper` have `limit` slots each, `talker` has none; `shelf` gets what comes of a press. */
function workshop(limit = 1) {
  const log: string[] = [];
  const bodies = new Map<string, { readonly resolve: () => void; readonly reject: (error: unknown) => void }>();
  const takesLong = <T>(what: string, answer: T): Promise<T> => {
    log.push(`start ${what}`);
    return new Promise<T>((resolve, reject) => bodies.set(what, { resolve: () => resolve(answer), reject }));
  };
  const press = neuron('press', { done })
    .setConcurrency(limit)
    .dendrite({ collateral: job, response: (name, axon) => takesLong(name, axon.done.createSignal(name)) });
  const talker = neuron('talker', {}).dendrite({
    collateral: talk,
    response: (name) => takesLong(name, undefined),
  });
  const stamper = neuron('stamper', { job })
    .setConcurrency(limit)
    .dendrite({
      collateral: stamp,
      response: (name, axon) => {
        log.push(`stamp ${name}`);
        if (name.startsWith('bad')) throw new RangeError(name);
        return name.startsWith('to press ') ? axon.job.createSignal(name.slice('to press '.length)) : undefined;
      },
    });
  const shelf = neuron('shelf', {}).dendrite({
    collateral: done,
    response: (name) => {
      log.push(`shelve ${name}`);
    },
  });
  const cns = new CNS([press, talker, stamper, shelf], { clock: new ManualClock(), logger: recordingLogger() });
  const bodyOf = (name: string) => {
    const body = bodies.get(name);
    if (body === undefined) throw new TypeError(`${name} has not started`);
    bodies.delete(name);
    return body;
  };
  return {
    cns,
    log,
    /** Lets a body end. */
    end: async (name: string) => {
      log.push(`end ${name}`);
      bodyOf(name).resolve();
      await quiet();
    },
    fail: async (name: string) => {
      log.push(`fail ${name}`);
      bodyOf(name).reject(new RangeError(name));
      await quiet();
    },
    /** What has happened since this was asked last. */
    since: () => log.splice(0),
  };
}

const jobs = (...names: readonly string[]) => names.map((name) => job.createSignal(name));

describe.each(forms)('a neuron with setConcurrency, in the form of a %s', (form) => {
  it('is shared by all runs of its CNS: who has waited longest starts first, whatever its run', async () => {
    const { cns, end, since } = workshop(2);
    const a = begin(form, cns, jobs('a1', 'a2', 'a3'), { id: 'a' });
    const b = begin(form, cns, jobs('b1', 'b2'), { id: 'b' });
    expect(since()).toEqual(['start a1', 'start a2']);
    await end('a2');
    await end('a1');
    await end('b1');
    await end('a3');
    await end('b2');
    expect(since()).toEqual([
      'end a2',
      'shelve a2',
      'start a3',
      'end a1',
      'shelve a1',
      'start b1',
      'end b1',
      'shelve b1',
      'start b2',
      'end a3',
      'shelve a3',
      'end b2',
      'shelve b2',
    ]);
    expect([a.context.status, b.context.status]).toEqual(['completed', 'completed']);
  });

  it('is shared with runs of every other form on the same CNS', async () => {
    const { cns, end, since } = workshop();
    const runs = [form, ...forms].map((one, i) => begin(one, cns, job.createSignal(`${i}`), { id: `run ${i}` }));
    for (let i = 0; i < runs.length; i++) await end(`${i}`);
    expect(since()).toEqual([
      'start 0',
      ...runs.flatMap((_, i) => [`end ${i}`, `shelve ${i}`, ...(i + 1 < runs.length ? [`start ${i + 1}`] : [])]),
    ]);
    expect(runs.map(({ context }) => context.status)).toEqual(runs.map(() => 'completed'));
  });

  it('is not shared by two CNS that are made of the same neurons in the same way', () => {
    const one = workshop();
    const other = workshop();
    begin(form, one.cns, jobs('a1', 'a2'));
    begin(form, other.cns, jobs('b1', 'b2'));
    expect([one.since(), other.since()]).toEqual([['start a1'], ['start b1']]);
  });

  it('makes what waits for a slot `gated`: in the frontier, pending, and no reason for the rest to wait', () => {
    const { cns, since } = workshop();
    const run = begin(form, cns, [...jobs('a1', 'a2'), talk.createSignal('t')], { id: 'a' });
    expect(since()).toEqual(['start a1', 'start t']);
    expect(frontierOf(run)).toEqual(['press running', 'talker running', 'press gated']);
  });

  it('holds no slot of its own run while it waits: with concurrency 1 the run does something else meanwhile', async () => {
    const { cns, end, since } = workshop();
    begin(form, cns, job.createSignal('a1'), { id: 'a' });
    const b = begin(form, cns, [...jobs('b1'), talk.createSignal('t1'), talk.createSignal('t2')], {
      id: 'b',
      concurrency: 1,
    });
    expect(since()).toEqual(['start a1', 'start t1']);
    await end('t1');
    expect(since()).toEqual(['end t1', 'start t2']);
    await end('a1'); // the slot is for b1, which has no room in its own run yet
    expect(since()).toEqual(['end a1', 'shelve a1']);
    expect(frontierOf(b)).toEqual(['talker running', 'press granted']);
    await end('t2');
    await end('b1');
    expect(since()).toEqual(['end t2', 'start b1', 'end b1', 'shelve b1']);
    expect(b.context.status).toBe('completed');
  });

  it('lets one that was granted a slot keep its turn: it starts behind what was ready before it', async () => {
    const { cns, end, since } = workshop();
    const signals = [...jobs('a1', 'a2'), talk.createSignal('t1'), talk.createSignal('t2')];
    begin(form, cns, signals, { id: 'a', concurrency: 2 });
    expect(since()).toEqual(['start a1', 'start t1']);
    await end('a1');
    expect(since()).toEqual(['end a1', 'start t2']); // shelve a1 and a2 are behind it
    await end('t1');
    expect(since()).toEqual(['end t1', 'shelve a1', 'start a2']);
  });

  it('does not start what an abort has cut, and gives its place to the next', async () => {
    const { cns, end, since } = workshop();
    const a = begin(form, cns, job.createSignal('a1'), { id: 'a' });
    const b = begin(form, cns, jobs('b1', 'b2'), { id: 'b' });
    const c = begin(form, cns, job.createSignal('c1'), { id: 'c' });
    b.send({ type: 'engram.abort', reason: 'enough' });
    expect(b.context.status).toBe('aborted');
    expect(b.context.failed.map(({ payload, aborted }) => [payload, aborted])).toEqual([
      ['b1', true],
      ['b2', true],
    ]);
    await end('a1');
    await end('c1');
    expect(since()).toEqual(['start a1', 'end a1', 'shelve a1', 'start c1', 'end c1', 'shelve c1']);
    expect([a.context.status, c.context.status]).toEqual(['completed', 'completed']);
  });

  it('gives a slot that was granted and not used yet to the next when an abort cuts who has it', async () => {
    const { cns, end, since } = workshop();
    begin(form, cns, job.createSignal('a1'), { id: 'a' });
    const b = begin(form, cns, [...jobs('b1'), talk.createSignal('t')], { id: 'b', concurrency: 1 });
    begin(form, cns, job.createSignal('c1'), { id: 'c' });
    await end('a1');
    expect(frontierOf(b)).toEqual(['talker running', 'press granted']);
    expect(since()).toEqual(['start a1', 'start t', 'end a1', 'shelve a1']);
    b.send({ type: 'engram.abort' });
    expect(since()).toEqual(['start c1']);
  });

  it('keeps the slot of a body that an abort lets finish until it has finished', async () => {
    const { cns, end, since } = workshop();
    const a = begin(form, cns, job.createSignal('a1'), { id: 'a' });
    begin(form, cns, job.createSignal('b1'), { id: 'b' });
    a.send({ type: 'engram.abort' });
    expect(since()).toEqual(['start a1']);
    await end('a1');
    expect(since()).toEqual(['end a1', 'start b1']); // what a1 emitted is not taken up any more
    expect(a.context.status).toBe('aborted');
  });

  it('frees the slot of a body that rejects, that throws, or whose answer is none', async () => {
    const { cns, fail, since } = workshop();
    const a = begin(form, cns, [job.createSignal('a1'), stamp.createSignal('bad 1'), stamp.createSignal('2')], {
      id: 'a',
    });
    const b = begin(form, cns, job.createSignal('b1'), { id: 'b' });
    expect(since()).toEqual(['start a1', 'stamp bad 1', 'stamp 2']);
    await fail('a1');
    expect(since()).toEqual(['fail a1', 'start b1']);
    await fail('b1');
    expect([failuresOf(a), failuresOf(b)]).toEqual([['stamper bad 1', 'press a1'], ['press b1']]);
  });

  it('runs sync bodies one after another on one slot, and never makes them wait', () => {
    const { cns, since } = workshop();
    const signals = ['1', '2', '3'].map((name) => stamp.createSignal(name));
    const run = begin(form, cns, signals);
    expect(since()).toEqual(['stamp 1', 'stamp 2', 'stamp 3']);
    expect(run.context.status).toBe('completed');
    expect(run.context.next).toBe(4); // nobody was ready twice
  });

  it('lets a sync body pass its slot on within the same turn', async () => {
    const { cns, end, since } = workshop();
    begin(form, cns, [stamp.createSignal('to press a1'), stamp.createSignal('to press a2')], { id: 'a' });
    const b = begin(form, cns, stamp.createSignal('to press b1'), { id: 'b' });
    expect(since()).toEqual(['stamp to press a1', 'stamp to press a2', 'start a1', 'stamp to press b1']);
    await end('a1');
    await end('a2');
    await end('b1');
    expect(since()).toEqual([
      'end a1',
      'shelve a1',
      'start a2',
      'end a2',
      'shelve a2',
      'start b1',
      'end b1',
      'shelve b1',
    ]);
    expect(b.context.status).toBe('completed');
  });

  it('gives up the place of an actor that is stopped while it waits, and the slot it was granted', async () => {
    const { cns, end, since } = workshop();
    begin(form, cns, job.createSignal('a1'), { id: 'a' });
    const waits = begin(form, cns, job.createSignal('b1'), { id: 'b' });
    const granted = begin(form, cns, [...jobs('c1'), talk.createSignal('t')], { id: 'c', concurrency: 1 });
    begin(form, cns, job.createSignal('d1'), { id: 'd' });
    waits.stop();
    await end('a1');
    expect(frontierOf(granted)).toEqual(['talker running', 'press granted']);
    expect(since()).toEqual(['start a1', 'start t', 'end a1', 'shelve a1']);
    granted.stop();
    expect(since()).toEqual(['start d1']);
  });

  it('takes two hundred runs that wait for one slot in their order, also where they wait long', async () => {
    const { cns, end, since } = workshop();
    begin(form, cns, job.createSignal('first'), { id: 'first' });
    const names = Array.from({ length: 200 }, (_, i) => `${i}`);
    for (const name of names) begin(form, cns, job.createSignal(name), { id: name });
    await end('first');
    for (const name of names) await end(name);
    const starts = since().filter((entry) => entry.startsWith('start'));
    expect(starts).toEqual(['first', ...names].map((name) => `start ${name}`));
  });
});

describe('a thousand runs that wait for one slot with sync bodies', () => {
  it.each(forms)(
    'all run in one turn when it is free, in their order and without a deeper stack for each, as a %s',
    async (form) => {
      const log: string[] = [];
      let open = (): void => undefined;
      const gate = neuron('gate', {})
        .setConcurrency(1)
        .dendrite({
          collateral: job,
          response: (name) => {
            log.push(name);
            return name === 'first' ? new Promise<void>((resolve) => (open = resolve)) : undefined;
          },
        });
      const cns = new CNS([gate], { clock: new ManualClock() });
      const names = ['first', ...Array.from({ length: 1000 }, (_, i) => `${i}`)];
      const runs = names.map((name) => begin(form, cns, job.createSignal(name), { id: name }));
      expect(log).toEqual(['first']);
      open();
      await quiet();
      expect(log).toEqual(names);
      expect(runs.every(({ context }) => context.status === 'completed')).toBe(true);
    },
  );
});

describe('a run with a neuron that waits for a slot', () => {
  const started = () => {
    const shop = workshop();
    shop.cns
      .stimulate(job.createSignal('a1'))
      .waitUntilComplete()
      .catch(() => undefined);
    return shop;
  };

  it('shows it among its outstanding tasks, and counts it as pending', async () => {
    const { cns, end } = started();
    const counted: (readonly number[])[] = [];
    const count = ({ pendingActivations, activeActivations, queueLength }: Counters) =>
      counted.push([pendingActivations, activeActivations, queueLength]);
    const run = cns.stimulate([...jobs('b1'), talk.createSignal('t')], { onDrain: count, onResponse: count });
    expect(counted).toEqual([[1, 1, 2]]);
    expect(run.getOutstandingTasks().map(({ neuron, payload }) => [neuron, payload])).toEqual([
      ['talker', 't'],
      ['press', 'b1'],
    ]);
    await end('t');
    expect(run.status).toBe('running'); // it waits for another run, not for a time or a signal
    await end('a1');
    await end('b1');
    await run;
    expect(counted).toEqual([
      [1, 1, 2],
      [1, 0, 1], // t has ended
      [1, 0, 1],
      [0, 1, 1], // b1 runs
      [1, 0, 1], // b1 has emitted
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  it('ends as aborted when its abort signal fires, with the activation as a failed task that another run can do', async () => {
    const { cns, end, since } = started();
    const controller = new AbortController();
    const run = cns.stimulate(job.createSignal('b1'), { abortSignal: controller.signal });
    controller.abort('stop');
    expect(await caught(run)).toMatchObject({ code: 'STIMULATION_ABORTED', reason: 'stop' });
    const tasks = run.getFailedTasks();
    expect(tasks.map(({ task, aborted }) => [task.neuron, task.payload, aborted])).toEqual([['press', 'b1', true]]);
    const again: Stimulation = cns.activate(tasks);
    expect(again.getOutstandingTasks().map(({ id }) => id)).toEqual([tasks[0]?.task.id]);
    await end('a1');
    await end('b1');
    expect(since()).toEqual(['start a1', 'end a1', 'shelve a1', 'start b1', 'end b1', 'shelve b1']);
    expect((await again.waitUntilComplete()).status).toBe('completed');
  });

  it.each([
    ['without an actor', () => undefined],
    ['with an actor', (run: Stimulation) => void run.actor],
  ])('asks for its slot when a response listener lets it go, and not before, %s', async (_how, look) => {
    const { cns, end, since } = workshop();
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const a = cns.stimulate([talk.createSignal('t'), stamp.createSignal('to press a1')], {
      id: 'a',
      onResponse: ({ neuron }) => (neuron === 'stamper' ? held : undefined),
    });
    look(a);
    await quiet();
    cns
      .stimulate(job.createSignal('b1'), { id: 'b' })
      .waitUntilComplete()
      .catch(() => undefined);
    expect(since()).toEqual(['start t', 'stamp to press a1', 'start b1']);
    letGo();
    await quiet();
    await end('b1');
    expect(since()).toEqual(['end b1', 'shelve b1', 'start a1']);
  });

  it('does not let what a listener of an actor holds ask for a slot in the turn that has made it', async () => {
    const log: string[] = [];
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const first = neuron('first', { job }).dendrite({
      collateral: stamp,
      response: async (name, axon) => axon.job.createSignal(name),
    });
    const gated = neuron('gated', {})
      .setConcurrency(1)
      .dendrite({ collateral: job, response: (name) => void log.push(`gated ${name}`) });
    const cns = new CNS([first, gated], { clock: new ManualClock() });
    const run = cns.stimulate(stamp.createSignal('x'), {
      onResponse: ({ neuron }) => {
        log.push(`heard ${neuron}`);
        return neuron === 'first' ? held : undefined;
      },
    });
    void run.actor;
    await quiet();
    expect(log).toEqual(['heard first']);
    letGo();
    await run;
    expect(log).toEqual(['heard first', 'gated x', 'heard gated']);
  });
});

describe('the concurrency option of a run', () => {
  it.each(forms)(
    'lets so many of its activations be active at once, in the order of readiness, as a %s',
    async (form) => {
      const { cns, end, since } = workshop();
      const signals = ['1', '2', '3', '4'].map((name) => talk.createSignal(name));
      const run = begin(form, cns, signals, { concurrency: 2 });
      await end('2');
      await end('1');
      await end('3');
      expect(since()).toEqual(['start 1', 'start 2', 'end 2', 'start 3', 'end 1', 'start 4', 'end 3']);
      await end('4');
      expect(run.context.status).toBe('completed');
    },
  );

  it('is a limit of that run alone', () => {
    const { cns, since } = workshop();
    const talks = (...names: readonly string[]) => names.map((name) => talk.createSignal(name));
    cns.stimulate(talks('a1', 'a2'), { concurrency: 1 });
    cns.stimulate(talks('b1', 'b2'));
    cns.stimulate(talks('c1', 'c2'), { concurrency: 1 });
    expect(since()).toEqual(['start a1', 'start b1', 'start b2', 'start c1']);
  });

  it('stands in the snapshot, and holds for who goes on from it', async () => {
    const { cns, since } = workshop();
    const first = createActor(toLogic(cns), {
      input: {
        id: 'run',
        signals: ['1', '2', '3'].map((payload) => ({ collateral: 'talk', payload })),
        options: { concurrency: 2 },
      },
    }).start();
    const snapshot = JSON.parse(JSON.stringify(first.getPersistedSnapshot())) as never;
    first.stop();
    expect(since()).toEqual(['start 1', 'start 2']);
    createActor(toLogic(cns), { snapshot }).start();
    expect(since()).toEqual(['start 1', 'start 2']);
  });
});

describe.each([0, -1, NaN, 1.5, Infinity, '2'])('a concurrency of %s', (value) => {
  it('is refused when a neuron is told', () => {
    const told = () => neuron('press', {}).setConcurrency(value as number);
    expect(told).toThrow(InvalidArgumentError);
    expect(told).toThrow(/neuron "press": setConcurrency takes a whole number from 1/);
  });

  it('is refused when a run is started, and nothing of the run exists', () => {
    const { cns, since } = workshop();
    const start = () => cns.stimulate(job.createSignal('a1'), { id: 'a', concurrency: value as number });
    expect(start).toThrow(InvalidArgumentError);
    expect(start).toThrow(/stimulate: concurrency must be a whole number from 1/);
    expect(() => cns.activate([], { concurrency: value as number })).toThrow(/activate: concurrency must be/);
    expect(since()).toEqual([]);
  });
});
