import { CNS, collateral, neuron, SaveFailedError, UnserializableError, withCtx } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { heldStore, withOverrides } from '../support/stores.js';

const order = collateral<number>('order');
const paid = collateral<number>('paid');
const other = collateral<number>('other');

/** `pay` is a milestone; `ship` is behind it, `log` and `tail` are not. */
function shop(options: ConstructorParameters<typeof CNS>[1] = {}) {
  const trace: string[] = [];
  const more = collateral<number>('more');
  const pay = withCtx<number>()
    .neuron('pay', { paid })
    .milestone()
    .dendrite({
      collateral: order,
      response: (n, axon, ctx) => {
        trace.push(`pay ${n}`);
        ctx.update((sum = 0) => sum + n);
        return axon.paid.createSignal(n);
      },
    });
  const ship = neuron('ship', {}).dendrite({ collateral: paid, response: (n) => void trace.push(`ship ${n}`) });
  const log = neuron('log', { more }).dendrite({
    collateral: other,
    response: async (n, axon) => {
      trace.push(`log ${n}`);
      await null;
      return axon.more.createSignal(n);
    },
  });
  const tail = neuron('tail', {}).dendrite({ collateral: more, response: (n) => void trace.push(`tail ${n}`) });
  return { cns: new CNS([pay, ship, log, tail], { logger: recordingLogger(), ...options }), trace };
}

describe('the entry', () => {
  it('is stored before anything starts: the run is `starting` until then, and running after', async () => {
    const held = heldStore();
    const { cns, trace } = shop({ store: held.store });
    const run = cns.stimulate(order.createSignal(1), { id: 'r' });
    expect(run.status).toBe('starting');
    expect(run.getOutstandingTasks()).toMatchObject([{ neuron: 'pay', dendrite: 'order#0', payload: 1 }]);
    const entry = await held.next();
    await quiet();
    expect([run.status, trace]).toEqual(['starting', []]);
    await entry.acknowledge();
    await quiet();
    expect([run.status, trace]).toEqual(['running', ['pay 1']]);
  });

  it('I6: that cannot be stored rejects the run with SaveFailedError and its cause; nothing has run', async () => {
    const held = heldStore();
    const { cns, trace } = shop({ store: held.store });
    const run = cns.stimulate(order.createSignal(1), { id: 'r' });
    const cause = new RangeError('disk full');
    (await held.next()).refuse(cause);
    const error = await caught(run);
    expect(error).toBeInstanceOf(SaveFailedError);
    expect(error).toMatchObject({ id: 'r', seq: 1, cause, code: 'SAVE_FAILED', retryable: true });
    expect([run.status, trace]).toEqual(['failed', []]);
  });

  it('I6: whose payload cannot be stored is refused by stimulate at once, with the path in the object', () => {
    const broken = collateral<{ deep: { fn: () => void }[] }>('broken');
    const sink = neuron('sink', {}).dendrite({ collateral: broken, response: () => undefined });
    const cns = new CNS([sink], { store: memoryStore() });
    const start = () => cns.stimulate(broken.createSignal({ deep: [{ fn: () => undefined }] }));
    expect(start).toThrow(UnserializableError);
    expect(start).toThrow(/payload\.deep\[0\]\.fn/);
  });
});

describe('I4: behind a milestone', () => {
  it('nothing starts before its checkpoint is acknowledged, while everything else goes on', async () => {
    const held = heldStore();
    const { cns, trace } = shop({ store: held.store });
    const run = cns.stimulate([order.createSignal(1), other.createSignal(7), order.createSignal(2)]);
    await (await held.next()).acknowledge();
    const milestone = await held.next();
    await quiet();
    expect(trace).toEqual(['pay 1', 'log 7', 'pay 2', 'tail 7']);
    expect(run.getOutstandingTasks().map(({ neuron, payload }) => [neuron, payload])).toEqual([
      ['ship', 1],
      ['ship', 2],
    ]);
    await milestone.write();
    await quiet();
    expect(trace).not.toContain('ship 1');
    await milestone.acknowledge();
    await quiet();
    held.open();
    await run;
    expect(trace.slice(4)).toEqual(['ship 1', 'ship 2']);
  });

  it('a settlement that came while a save was on its way waits for the next save', async () => {
    const held = heldStore();
    const { cns, trace } = shop({ store: held.store });
    const run = cns.stimulate(order.createSignal(1));
    await (await held.next()).acknowledge();
    const first = await held.next();
    run.actor.send({ type: 'order', payload: 2 });
    await quiet();
    expect(trace).toEqual(['pay 1', 'pay 2']);
    expect(held.waiting).toBe(0); // one save at a time
    await first.acknowledge();
    const second = await held.next();
    await quiet();
    expect(trace).toEqual(['pay 1', 'pay 2', 'ship 1']);
    await second.acknowledge();
    await quiet();
    expect(trace.at(-1)).toBe('ship 2');
    held.open();
    await run;
  });

  it('the checkpoint that is waited for holds the settlement: the context write and what waits behind it', async () => {
    const held = heldStore();
    const { cns } = shop({ store: held.store });
    cns.stimulate(order.createSignal(5), { id: 'r' });
    await (await held.next()).acknowledge();
    const { request } = await held.next();
    expect(request.parts.get('context/pay')).toBe('{"v":5}');
    const frontier = [...request.parts].filter(([name]) => name.startsWith('frontier/'));
    expect(frontier.map(([, text]) => (text === null ? null : (JSON.parse(text) as object)))).toEqual([
      null,
      expect.objectContaining({ neuron: 'ship', dendrite: 'paid#0', payload: { v: 5 } }),
    ]);
    expect(request.head).toContain('"milestone":"pay"');
  });

  it('the run has not ended before its end is stored', async () => {
    const held = heldStore();
    const { cns, trace } = shop({ store: held.store });
    const run = cns.stimulate(order.createSignal(1), { id: 'r' });
    let ended = false;
    const done = run.waitUntilComplete().then(() => (ended = true));
    await (await held.next()).acknowledge();
    await (await held.next()).acknowledge();
    const end = await held.next();
    await quiet();
    expect([trace, ended, run.status]).toEqual([['pay 1', 'ship 1'], false, 'running']);
    await end.acknowledge();
    await done;
    expect(run.status).toBe('completed');
  });
});

describe('I3: checkpoints', () => {
  it('of a run are stored one after the other, each seq greater by one, whatever goes on meanwhile', async () => {
    const saves: string[] = [];
    const inner = memoryStore();
    const store = withOverrides(inner, {
      save: async (request) => {
        saves.push(`begin ${request.seq}`);
        await quiet();
        await inner.save(request);
        saves.push(`end ${request.seq}`);
      },
    });
    const { cns } = shop({ store });
    await cns.stimulate(
      [1, 2, 3].map((n) => order.createSignal(n)),
      { id: 'r' },
    );
    const count = saves.length / 2;
    expect(count).toBeGreaterThan(1);
    const expected = Array.from({ length: count }, (_, i) => [`begin ${i + 2}`, `end ${i + 2}`]).flat();
    expect(saves).toEqual(expected);
    expect(await inner.history('r')).toEqual(Array.from({ length: count + 1 }, (_, i) => count + 1 - i));
  });

  it('a milestone that is the last thing a run does is stored by the save of its end', async () => {
    const store = memoryStore();
    const last = neuron('last', {})
      .milestone()
      .dendrite({ collateral: order, response: () => undefined });
    await new CNS([last], { store }).stimulate(order.createSignal(1), { id: 'r' });
    expect(await store.history('r')).toEqual([2, 1]);
  });

  it('are not written for hops that are no milestone', async () => {
    const store = memoryStore();
    await shop({ store }).cns.stimulate(other.createSignal(1), { id: 'r' });
    expect(await store.history('r')).toEqual([2, 1]);
  });

  it('each activation that settled stands in the events exactly once, with what came of it', async () => {
    const store = memoryStore();
    const { cns } = shop({ store });
    await cns.stimulate([order.createSignal(1), other.createSignal(2)], { id: 'r' });
    const events = (await store.events('r')).map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(events.map(({ neuron, outcome, emitted }) => [neuron, outcome, emitted]).sort()).toEqual([
      ['log', 'responded', ['more']],
      ['pay', 'responded', ['paid']],
      ['ship', 'responded', []],
      ['tail', 'responded', []],
    ]);
    expect(new Set(events.map(({ activation }) => activation)).size).toBe(4);
  });
});

describe('I6: a save that fails', () => {
  it('stops the run with SaveFailedError; nothing behind the milestone has run, and rehydrate goes on from before', async () => {
    const inner = memoryStore();
    const cause = new TypeError('no space left');
    let broken = true;
    const store = withOverrides(inner, {
      save: (request) => (broken && request.seq === 2 ? Promise.reject(cause) : inner.save(request)),
    });
    const { cns, trace } = shop({ store });
    const run = cns.stimulate([order.createSignal(1), other.createSignal(3)], { id: 'r' });
    const error = await caught(run);
    expect(error).toBeInstanceOf(SaveFailedError);
    expect(error).toMatchObject({ id: 'r', seq: 2, cause });
    expect((error as SaveFailedError).message).toContain('no space left');
    expect(run.status).toBe('failed');
    await quiet();
    expect(trace).not.toContain('ship 1');

    broken = false;
    const heir = shop({ store }); // at once: the run that stopped has given up its lease
    const again = await heir.cns.rehydrate('r');
    const result = await again?.waitUntilComplete();
    expect(result).toMatchObject({ status: 'completed', context: { pay: 1 } });
    expect(heir.trace.sort()).toEqual(['log 3', 'pay 1', 'ship 1', 'tail 3']);
  });

  it('because a payload cannot be stored names the neuron, the collateral and the path', async () => {
    const bad = collateral<{ list: unknown[] }>('bad');
    const first = neuron('first', { bad })
      .milestone()
      .dendrite({ collateral: order, response: (_n, axon) => axon.bad.createSignal({ list: [1, Symbol('x')] }) });
    const second = neuron('second', {}).dendrite({ collateral: bad, response: () => undefined });
    const cns = new CNS([first, second], { store: memoryStore() });
    const error = (await caught(cns.stimulate(order.createSignal(1)))) as SaveFailedError;
    expect(error).toBeInstanceOf(SaveFailedError);
    expect(error.cause).toBeInstanceOf(UnserializableError);
    expect(error.message).toContain('payload of "bad" for "second".list[1]');
    expect(error.retryable).toBe(false);
  });

  it('because a context value cannot be stored names the neuron and the path', async () => {
    class Money {
      readonly amount = 5;
    }
    const keeps = withCtx<object>()
      .neuron('keeps', {})
      .milestone()
      .dendrite({ collateral: order, response: (_n, _axon, ctx) => ctx.set({ a: { b: new Money() } }) });
    const cns = new CNS([keeps], { store: memoryStore() });
    const error = (await caught(cns.stimulate(order.createSignal(1)))) as SaveFailedError;
    expect(error.cause).toBeInstanceOf(UnserializableError);
    expect(error.message).toContain('context of "keeps".a.b');
  });

  it('whatever a handler throws, its failure is stored: an error that holds what cannot be stored as well', async () => {
    const store = memoryStore();
    const thrower = neuron('thrower', {}).dendrite({
      collateral: order,
      response: () => {
        throw Object.assign(new RangeError('no route', { cause: new TypeError('deep') }), {
          request: { socket: () => undefined },
          status: 503,
        });
      },
    });
    const options = { store, logger: recordingLogger() };
    const error = await caught(new CNS([thrower], options).stimulate(order.createSignal(1), { id: 'r' }));
    expect(error).toMatchObject({ code: 'STIMULATION_FAILED' });
    const stored = await new CNS([thrower], options).rehydrate('r');
    const [failed] = stored?.getFailedTasks() ?? [];
    expect(failed?.error).toMatchObject({ message: 'no route' });
    expect(String((failed?.error as Error).stack)).toContain('RangeError: no route');
  });
});
