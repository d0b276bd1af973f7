import type { CNS, FailedTask, Stimulation, StimulationAbortedError, Store, Task } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { ENTRY, label, order, parcels, type Parcels } from '../durability/parcels.js';
import { caught } from '../support/caught.js';
import { quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { storeAt, withOverrides } from '../support/stores.js';
import { approved, everything, go, SHAPE } from './everything.js';

const throughJson = (tasks: readonly FailedTask[]): FailedTask[] => JSON.parse(JSON.stringify(tasks)) as FailedTask[];
const reason = new RangeError('deploy');
const id = 'parcel/1';

const sorted = (of: Iterable<string>): string[] => [...of].sort();

/** A run of the parcels that is aborted when its k-th effect happens; `effects` is everything that was done. */
async function abortedAt(k: number, store?: Store) {
  const effects = new Map<string, string>();
  const runs: Stimulation[] = [];
  const flow: Parcels = parcels({ logger: recordingLogger(), ...(store === undefined ? {} : { store }) });
  const set = flow.effects.set.bind(flow.effects);
  flow.effects.set = (activation, what) => {
    effects.set(activation, what);
    if (effects.size === k) runs[0]?.abort(reason);
    return set(activation, what);
  };
  const run = flow.cns.stimulate(order.createSignal(ENTRY), { id, output: label });
  runs.push(run);
  if (k === 0) run.abort(reason);
  const ended = await run.waitUntilComplete().catch((error: unknown) => error as StimulationAbortedError);
  return { run, effects, ended, isAborted: 'code' in ended };
}

/** Nothing is done twice, nothing is left out. */
async function uninterrupted() {
  const { cns, effects } = parcels();
  const { output, context } = await cns.stimulate(order.createSignal(ENTRY), { id, output: label });
  return { effects, output, context };
}

describe('a run that is aborted at any of its effects', () => {
  it('I8: goes on with rehydrate(id, { retry: true }): the same ids, each once, the same context and output', async () => {
    const whole = await uninterrupted();
    expect(whole.effects.size).toBe(10);
    for (let k = 0; k < whole.effects.size; k++) {
      const store = memoryStore();
      const { run, effects, isAborted } = await abortedAt(k, store);
      expect([k, isAborted, run.status]).toEqual([k, true, 'aborted']);
      const again = parcels({ store });
      const retried = (await again.cns.rehydrate(id, { retry: true })) as Stimulation;
      const result = await retried.waitUntilComplete();
      expect({ ...result, k }).toMatchObject({ k, status: 'completed', output: whole.output, context: whole.context });
      expect(retried.getFailedTasks()).toEqual([]);
      for (const activation of again.effects.keys()) expect(effects.has(activation), `${k}: done twice`).toBe(false);
      expect(new Map([...effects, ...again.effects]), `aborted at ${k}`).toEqual(whole.effects);
    }
  });

  it('does with activate(failed tasks) what was left, and nothing else, under the ids that it had', async () => {
    const whole = await uninterrupted();
    for (let k = 0; k < whole.effects.size; k++) {
      const { run, effects } = await abortedAt(k);
      const again = parcels();
      const tasks = run.getFailedTasks();
      const { context } = await again.cns.activate(tasks, { contextValues: run.getContext().getAll() });
      expect(context, `aborted at ${k}`).toEqual(whole.context);
      expect(sorted([...effects.values(), ...again.effects.values()])).toEqual(sorted(whole.effects.values()));
      const taken = tasks.map(({ task }) => task.id);
      expect(new Set(taken).size).toBe(taken.length);
      for (const task of taken) expect(whole.effects.get(task), `${task} keeps its id`).toBe(again.effects.get(task));
    }
  });
});

/** A run in every state at once is aborted; then what runs ends. */
async function abortedInEverything(store?: Store) {
  const flow = everything(store === undefined ? {} : { store });
  const run = flow.cns.stimulate(go.createSignal('x'), { ...SHAPE, id: 'r' });
  await quiet();
  run.abort(reason);
  for (const name of ['slow', 'gate first', 'wide']) flow.open(name);
  await caught(run);
  return { ...flow, run };
}

/** Done by the run if nobody had aborted it. */
const REST = ['0 last', '0 gate second', '0 pair x x', '0 hears yes', '5000 flaky 2', '10000 waits'];

describe('what an abort leaves of queued, gated, delayed, retried, waiting and joined activations', () => {
  const rest = async (
    cns: CNS,
    goOn: (cns: CNS) => Promise<readonly [Stimulation]>,
    pass: (ms: number) => Promise<void>,
  ) => {
    const [run] = await goOn(cns);
    await quiet();
    await run.signal(approved.createSignal('yes'));
    await pass(20_000);
    return run.waitUntilComplete();
  };

  it.each([
    ['as they are', (tasks: readonly FailedTask[]): readonly (Task | FailedTask)[] => tasks],
    ['after JSON', throughJson],
    ['as tasks without their errors', (tasks: readonly FailedTask[]) => tasks.map(({ task }) => task)],
  ])('is done by activate, at the times that it had, under the ids that it had: %s', async (_how, passed) => {
    const { run } = await abortedInEverything();
    const failed = run.getFailedTasks();
    const { cns, clock, trace, effects } = everything({ isOpen: true });
    const goOn = (flow: CNS) => Promise.resolve([flow.activate(passed(failed), SHAPE)] as const);
    expect(await rest(cns, goOn, clock.pass.bind(clock))).toMatchObject({ status: 'completed', unclaimed: [] });
    expect(sorted(trace)).toEqual(sorted(REST));
    const ids = new Set(failed.map(({ task }) => task.id));
    const kept = [...effects].filter(([activation]) => ids.has(activation)).map(([, what]) => what);
    expect(sorted(kept)).toEqual(['flaky 2', 'gate second', 'last', 'waits']);
  });

  it('I8: is done by rehydrate(id, { retry: true }), under the ids of an uninterrupted run', async () => {
    const store = memoryStore();
    const aborted = await abortedInEverything(store);
    const second = everything({ isOpen: true, store });
    const goOn = async (flow: CNS) => [(await flow.rehydrate('r', { retry: true })) as Stimulation] as const;
    const result = await rest(second.cns, goOn, second.clock.pass.bind(second.clock));
    expect(result).toMatchObject({ id: 'r', status: 'completed', context: { slow: 'x' } });
    expect(sorted(second.trace)).toEqual(sorted(REST));

    const whole = everything({ isOpen: true, store: memoryStore() });
    const goOnce = (flow: CNS) =>
      Promise.resolve([flow.stimulate(go.createSignal('x'), { ...SHAPE, id: 'r' })] as const);
    await rest(whole.cns, goOnce, whole.clock.pass.bind(whole.clock));
    const withoutAborts = ([activation, what]: readonly [string, string]) => [activation, what.replace(' aborted', '')];
    // an outside signal without a delivery id has an id of its own each time
    const counted = (effects: readonly (readonly string[])[]) =>
      sorted(effects.filter(([, what]) => what !== 'hears yes').map(String));
    const union = [...aborted.effects, ...second.effects].map(withoutAborts);
    expect(counted(union)).toEqual(counted([...whole.effects].map(withoutAborts)));
  });

  it('is left once more by a second abort, the same tasks under the same ids', async () => {
    const { run } = await abortedInEverything();
    const failed = run.getFailedTasks();
    const { cns } = everything();
    const again = cns.activate(failed, { abortSignal: AbortSignal.abort(reason) });
    expect(await caught(again)).toMatchObject({ reason });
    const taskOf = ({ task }: FailedTask) => task;
    const byId = (a: Task, b: Task) => (a.id < b.id ? -1 : 1);
    expect(again.getFailedTasks().map(taskOf).sort(byId)).toEqual(failed.map(taskOf).sort(byId));
  });
});

describe('a durable run that is killed while it is aborted', () => {
  it('ends aborted when it is rehydrated: what ran then is a failed task, and nothing runs', async () => {
    const inner = memoryStore();
    const seqs: number[] = [];
    const store = withOverrides(inner, {
      save: async (request) => {
        await inner.save(request);
        seqs.push(request.seq);
      },
    });
    const victim = everything({ store });
    const run = victim.cns.stimulate(go.createSignal('x'), { ...SHAPE, id: 'r' });
    await quiet();
    run.abort(reason);
    await quiet();
    const seq = seqs.at(-1) as number;
    expect(run.status).toBe('running');
    const cut = run.getFailedTasks().map(({ task }) => task);

    const survivor = everything({ isOpen: true, store: await storeAt(inner, 'r', seq) });
    const again = (await survivor.cns.rehydrate('r')) as Stimulation;
    expect(await caught(again.waitUntilComplete())).toMatchObject({
      code: 'STIMULATION_ABORTED',
      reason: { name: 'RangeError', message: 'deploy' },
    });
    expect([again.status, survivor.trace]).toEqual(['aborted', []]);
    const failed = again.getFailedTasks();
    expect(failed.slice(0, cut.length).map(({ task }) => task)).toEqual(cut);
    expect(failed.slice(cut.length).map(({ task, aborted }) => [task.neuron, task.payload, aborted])).toEqual([
      ['slow', 'x', true],
      ['gate', 'first', true],
      ['wide', 'x', true],
    ]);
    await survivor.clock.pass(0); // nobody had to be told of the failure
    expect(survivor.clock.timers).toBe(0);

    const third = everything({ isOpen: true });
    const rest = third.cns.activate(throughJson(failed), SHAPE);
    await quiet();
    await rest.signal(approved.createSignal('yes'));
    await third.clock.pass(20_000);
    expect(await rest).toMatchObject({ status: 'completed', context: { slow: 'x' } });
    expect(sorted(third.trace)).toEqual(sorted([...REST, '0 slow', '0 gate first', '0 wide']));
  });

  it('I8: ends with the same failed tasks from each checkpoint after the last body has ended', async () => {
    const inner = memoryStore();
    const { run } = await abortedInEverything(inner);
    const seqs = await inner.history('r');
    const newest = await storeAt(inner, 'r', seqs[0] as number);
    const again = (await everything({ store: newest }).cns.rehydrate('r')) as Stimulation;
    expect(again.status).toBe('aborted');
    expect(again.getFailedTasks().map(({ task, aborted }) => [task, aborted])).toEqual(
      run.getFailedTasks().map(({ task, aborted }) => [task, aborted]),
    );
    expect(again.getContext().getAll()).toEqual({ slow: 'x' });
  });
});

describe('rehydrate(id, { retry: true })', () => {
  it('of an expectation that has timed out waits anew, as long as the first time', async () => {
    const store = memoryStore();
    const first = everything({ isOpen: true, store });
    const run = first.cns.stimulate(go.createSignal('x'), { ...SHAPE, id: 'r' });
    await quiet();
    await first.clock.pass(3_600_000);
    expect(await caught(run)).toMatchObject({ errors: [{ code: 'EXPECTATION_TIMEOUT' }] });

    const second = everything({ store });
    const again = (await second.cns.rehydrate('r', { retry: true })) as Stimulation;
    const due = second.clock.now() + 3_600_000;
    expect([again.status, again.getOutstandingTasks()]).toMatchObject(['waiting', [{ neuron: 'asks', due }]]);
    await second.clock.pass(3_599_999);
    expect(again.status).toBe('waiting');
    await second.clock.pass(1);
    expect(await caught(again.waitUntilComplete())).toMatchObject({ errors: [{ code: 'EXPECTATION_TIMEOUT' }] });
  });

  it('forgets the reason of the abort, also in the store', async () => {
    const store = memoryStore();
    await abortedInEverything(store);
    const second = everything({ store });
    const again = (await second.cns.rehydrate('r', { retry: true })) as Stimulation;
    await quiet();
    again.abort();
    second.open('gate second');
    expect(await caught(again.waitUntilComplete())).toMatchObject({ reason: undefined });
    const third = (await everything({ store }).cns.rehydrate('r')) as Stimulation;
    expect(await caught(third.waitUntilComplete())).toMatchObject({ code: 'STIMULATION_ABORTED', reason: undefined });
  });
});
