/** One test for each trap of XState 5 that the design avoids and a change could fall into again. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { toLogic, toMachine } from 'engram/machines';
import { describe, expect, it } from 'vitest';
import {
  type AnyActorLogic,
  createActor,
  initialTransition,
  type InspectionEvent,
  toPromise,
  transition,
} from 'xstate';
import { createOrders, input, names, type Orders, settled } from './orders.js';

const forms: [string, (orders: Orders) => AnyActorLogic][] = [
  ['statechart', ({ cns }) => toMachine(cns)],
  ['logic', ({ cns }) => toLogic(cns, { hops: 'turn' })],
  ['logic per event', ({ cns }) => toLogic(cns, { hops: 'event' })],
];

const checkpointOf = (shown: {
  readonly context: { readonly barriers: readonly { readonly activation: string }[] };
}) => ({
  type: 'pay:checkpointed',
  activation: shown.context.barriers[0]?.activation ?? 'none',
});

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}

/** Every key of every object in a value. */
function keysIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [...(Array.isArray(value) ? [] : [key]), ...keysIn(inner)]);
}

describe.each(forms)('the %s', (form, logicOf) => {
  const resumed = (orders: Orders, persisted: unknown) => {
    const actor = createActor(logicOf(orders), { snapshot: persisted as never });
    actor.start();
    if (form === 'statechart') actor.send({ type: 'engram.resume' });
    return actor;
  };

  it('loses nothing that stood in the mailbox when it was persisted between two events of a turn', async () => {
    const orders = createOrders();
    const logic = logicOf(orders);
    const between: string[] = [];
    const actor = createActor(logic, { input: { ...input, hold: false } });
    actor.subscribe((snapshot) => void between.push(JSON.stringify(logic.getPersistedSnapshot(snapshot))));
    actor.start();
    actor.stop();
    expect(between.length).toBeGreaterThan(form === 'logic' ? 0 : 4);
    for (const text of between) {
      const other = createOrders();
      const next = resumed(other, JSON.parse(text));
      other.shipping[0]?.();
      await settled();
      expect(next.getSnapshot()).toMatchObject({ status: 'done', context: { settled: 5, values: { mail: 2 } } });
    }
  });

  it('keeps its input: what the run was told stands in the persisted context', () => {
    const actor = createActor(logicOf(createOrders()), { input }).start();
    const { context } = JSON.parse(JSON.stringify(actor.getPersistedSnapshot())) as { context: object };
    actor.stop();
    expect(context).toMatchObject({ id: 'run', hold: true, outputFrom: 'mailed' });
  });

  it('calls what was in flight again once when restored, and a promise of before tells it nothing', async () => {
    const before = createOrders();
    const first = createActor(logicOf(before), { input: { ...input, hold: false } }).start();
    const persisted = JSON.parse(JSON.stringify(first.getPersistedSnapshot())) as { children: object };
    expect(persisted.children).toEqual({});
    first.stop();
    const after = createOrders();
    const actor = resumed(after, persisted);
    expect(after.calls).toEqual(before.calls.filter((call) => call.startsWith('ship')));
    before.shipping[0]?.();
    await settled();
    expect(actor.getSnapshot().status).toBe('active');
    after.shipping[0]?.();
    await settled();
    expect(actor.getSnapshot().status).toBe('done');
  });

  it('has ids that do not depend on the session ids of actors, which collide between processes', () => {
    const runs = [0, 1].map(() => {
      const orders = createOrders();
      const actor = createActor(logicOf(orders), { input }).start();
      const text = JSON.stringify(actor.getPersistedSnapshot());
      actor.stop();
      return { text, calls: orders.calls, session: actor.sessionId };
    });
    expect(runs[0]?.session).not.toBe(runs[1]?.session);
    expect(runs[0]?.text).toBe(runs[1]?.text);
    expect(runs[0]?.calls).toEqual(runs[1]?.calls);
    expect(runs[0]?.text).not.toMatch(/"x:\d/);
  });

  it('does not change the persisted object that it is restored from', () => {
    const first = createActor(logicOf(createOrders()), { input }).start();
    const persisted = JSON.parse(JSON.stringify(first.getPersistedSnapshot())) as { context: object };
    first.stop();
    const copy = structuredClone(persisted);
    deepFreeze(persisted.context);
    const actor = resumed(createOrders(), persisted);
    actor.send(checkpointOf(actor.getSnapshot()));
    actor.stop();
    expect(persisted).toEqual(copy);
  });

  it('shows what was true when it stopped, for ever', async () => {
    const orders = createOrders();
    const actor = createActor(logicOf(orders), { input: { ...input, hold: false } }).start();
    const before = JSON.stringify(actor.getSnapshot().context);
    actor.stop();
    orders.shipping[0]?.();
    await settled();
    expect(JSON.stringify(actor.getSnapshot().context)).toBe(before);
    expect(actor.getSnapshot().status).toBe('stopped');
  });

  it('tells its observers a typed error when the graph lacks what a snapshot names', () => {
    const first = createActor(logicOf(createOrders()), { input: { ...input, hold: false } }).start();
    const text = JSON.stringify(first.getPersistedSnapshot()).replaceAll('"neuron":"ship"', '"neuron":"gone"');
    first.stop();
    const actor = createActor(logicOf(createOrders()), { snapshot: JSON.parse(text) as never });
    const errors: unknown[] = [];
    actor.subscribe({ error: (error: unknown) => void errors.push(error) });
    actor.start();
    if (form === 'statechart') actor.send({ type: 'engram.resume' });
    expect(errors).toMatchObject([{ code: 'UNKNOWN_NEURON', neuron: 'gone' }]);
    expect(actor.getSnapshot().status).toBe('error');
  });

  it('calls no handler when it is explored, and an actor that was asked goes on as if it had not been', async () => {
    const orders = createOrders();
    const logic = logicOf(orders);
    const [initial] = initialTransition(logic, { ...input, hold: false });
    const { activation } = (initial as { context: { frontier: { activation: string }[] } }).context.frontier[0] ?? {};
    const event = { type: 'pay:responded', activation, signals: [{ collateral: 'paid', payload: 7 }] };
    const [explored] = transition(logic, initial, event);
    expect(orders.calls).toEqual([]);
    expect((explored as { context: object }).context).toMatchObject({ settled: 1, next: 4 });

    const actor = createActor(logic, { input }).start();
    const [released] = transition(logic, actor.getSnapshot(), checkpointOf(actor.getSnapshot()));
    expect((released as { context: object }).context).toMatchObject({ barriers: [], next: 6 });
    expect(names(orders.calls)).toEqual(['pay']);
    actor.send(checkpointOf(actor.getSnapshot()));
    orders.shipping[0]?.();
    await settled();
    expect(names(orders.calls)).toEqual(['pay', 'ship', 'stock', 'mail', 'mail']);
    expect(actor.getSnapshot().status).toBe('done');
  });

  it('is done with the value completed and the output of the run, which toPromise gives', async () => {
    const orders = createOrders();
    const actor = createActor(logicOf(orders), { input: { ...input, hold: false } }).start();
    const output = toPromise(actor);
    orders.shipping[0]?.();
    await expect(output).resolves.toBe('order 7');
    expect(actor.getSnapshot()).toMatchObject({ status: 'done', value: 'completed', output: 'order 7' });
  });

  it('is done, and not in error, when the run is aborted', () => {
    const actor = createActor(logicOf(createOrders()), { input }).start();
    actor.send({ type: 'engram.abort', reason: 'enough' });
    expect(actor.getSnapshot()).toMatchObject({ status: 'done', value: 'aborted', error: undefined });
  });

  it('sends the same few event types however long the run is', async () => {
    const typesOf = async (orders: number): Promise<string[]> => {
      const made = createOrders();
      const types = new Set<string>();
      const inspect = (event: InspectionEvent) => {
        if (event.type === '@xstate.event') types.add(event.event.type);
      };
      const signals = Array.from({ length: orders }, (_, payload) => ({ collateral: 'order', payload }));
      const actor = createActor(logicOf(made), { input: { id: 'run', signals }, inspect }).start();
      for (let at = 0; at < orders; at++) made.shipping[at]?.();
      await settled();
      expect(actor.getSnapshot().status).toBe('done');
      return [...types].sort();
    };
    expect(await typesOf(50)).toEqual(await typesOf(1));
  });
});

describe('the config of the statechart', () => {
  const { config } = toMachine(createOrders().cns);

  it('has nothing that XState would forget or not run again: no timers, no children, no eventless transitions', () => {
    const forgotten = ['after', 'invoke', 'always', 'exit', 'onDone', 'delay', 'delays', 'history'];
    expect(keysIn(config).filter((key) => forgotten.includes(key))).toEqual([]);
    expect(keysIn(config).filter((key) => key === 'entry')).toHaveLength(1);
  });

  it('has no transition on its parallel state that targets a region, which would reset the others', () => {
    const running = config.states?.['running'] as { on: Record<string, { target?: string }> };
    const targets = Object.values(running.on).map(({ target }) => target);
    expect(new Set(targets)).toEqual(new Set([undefined, 'completed', 'failed', 'aborted']));
  });
});

describe('the restored statechart', () => {
  it('runs no entry action and calls nothing until it is told to resume', () => {
    const first = createActor(toMachine(createOrders().cns), { input: { ...input, hold: false } }).start();
    const persisted = JSON.parse(JSON.stringify(first.getPersistedSnapshot())) as never;
    first.stop();
    const orders = createOrders();
    const actor = createActor(toMachine(orders.cns), { snapshot: persisted }).start();
    expect(orders.calls).toEqual([]);
    actor.send({ type: 'engram.resume' });
    expect(names(orders.calls)).toEqual(['ship']);
    actor.stop();
  });
});

describe('the inspected logic', () => {
  it('shows one event per hop, as plain data that JSON keeps', async () => {
    const orders = createOrders();
    const events: { readonly type: string }[] = [];
    const inspect = (event: InspectionEvent) => {
      if (event.type === '@xstate.event') events.push(event.event);
    };
    createActor(toLogic(orders.cns), { input: { ...input, hold: false }, inspect }).start();
    orders.shipping[0]?.();
    await settled();
    expect(events.map(({ type }) => type)).toEqual([
      'xstate.init',
      'pay:responded',
      'ship:pending',
      'stock:responded',
      'mail:responded',
      'ship:responded',
      'mail:responded',
    ]);
    expect(JSON.parse(JSON.stringify(events))).toEqual(events);
  });

  it('makes the same run as one that nobody inspects', async () => {
    const ends: unknown[] = [];
    for (const inspect of [undefined, () => undefined]) {
      const orders = createOrders();
      const logic = toLogic(orders.cns);
      const actor = createActor(logic, inspect === undefined ? { input } : { input, inspect }).start();
      actor.send(checkpointOf(actor.getSnapshot()));
      orders.shipping[0]?.();
      await settled();
      ends.push({ persisted: actor.getPersistedSnapshot(), calls: orders.calls });
    }
    expect(ends[1]).toEqual(ends[0]);
  });
});

describe('the development and the production build of XState', () => {
  it('run all forms to the same end', () => {
    const script = fileURLToPath(new URL('both-builds.ts', import.meta.url));
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const [development, production] = ['development', 'production'].map((build) => {
      const args = ['--import', 'tsx', ...(build === 'development' ? ['--conditions=development'] : []), script];
      const env = { ...process.env, NODE_ENV: build, NODE_OPTIONS: '' };
      const { stdout, stderr } = spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8' });
      expect(stderr).toBe('');
      return JSON.parse(stdout) as { build: string; ends: { persisted: object }[] };
    });
    expect(development?.build).toContain('development');
    expect(production?.build).not.toContain('development');
    expect(development?.ends).toEqual(production?.ends);
    const [statechart, turn, event] = production?.ends ?? [];
    expect(statechart?.persisted).toMatchObject({ status: 'done', value: 'completed', output: 'order 7' });
    expect(turn).toEqual(statechart);
    expect(event).toEqual(statechart);
  });
});
