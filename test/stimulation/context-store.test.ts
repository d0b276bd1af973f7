import {
  CNS,
  collateral,
  CorruptCheckpointError,
  InvalidArgumentError,
  neuron,
  UnserializableError,
  UnsupportedFormatError,
  withCtx,
} from 'engram';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { CNSStimulationContextStore } from '../../src/stimulation/context-store.js';
import { createPersistRegistry } from '../../src/stimulation/registry.js';
import { caught } from '../support/caught.js';

interface Tally {
  readonly since: Date;
  readonly hits: number;
}

const count = withCtx<number>().neuron('count', {});
const tally = withCtx<Tally>().neuron('tally', {});

describe('a context store', () => {
  it('keeps a value by neuron, found by the neuron and by its name', () => {
    const store = new CNSStimulationContextStore();
    store.set(count, 3);
    store.set('tally', { hits: 1 });
    expect([store.get(count), store.get('count'), store.get(tally)]).toEqual([3, 3, { hits: 1 }]);
    expect(store.getAll()).toEqual({ count: 3, tally: { hits: 1 } });
    expectTypeOf(store.get(count)).toEqualTypeOf<number | undefined>();
    expectTypeOf(store.get('count')).toBeUnknown();
    // @ts-expect-error the context value of `count` is a number
    store.set(count, 'three');
  });

  it('returns undefined for a neuron that has no value, whatever objects inherit', () => {
    const store = new CNSStimulationContextStore();
    expect([store.get(count), store.get('toString'), store.getAll()]).toEqual([undefined, undefined, {}]);
  });

  it('has no value any more once it is deleted or set to undefined, and keeps null', () => {
    const store = new CNSStimulationContextStore({ values: { count: 1, tally: 2, other: null, none: undefined } });
    expect([store.delete(count), store.delete('count')]).toEqual([true, false]);
    store.set(tally, undefined);
    expect(store.getAll()).toEqual({ other: null });
  });

  it('gives a record of its own: changing it changes no store', () => {
    const values: Record<string, unknown> = { count: 1 };
    const store = new CNSStimulationContextStore({ values });
    values['count'] = 2;
    store.getAll()['count'] = 3;
    expect(store.get(count)).toBe(1);
  });

  it('takes the context of a run as it is', async () => {
    const go = collateral<number>('go');
    const sum = withCtx<number>()
      .neuron('sum', {})
      .dendrite({ collateral: go, response: (n, _axon, ctx) => ctx.update((total = 0) => total + n) });
    const run = new CNS([sum]).stimulate([go.createSignal(2), go.createSignal(5)]);
    const { context } = await run;
    expect(new CNSStimulationContextStore({ values: context }).get(sum)).toBe(7);
    expect(new CNSStimulationContextStore({ values: run.getContext().getAll() }).get(sum)).toBe(7);
  });

  it('gives a run its values to begin with, and stays as it was', async () => {
    const go = collateral<number>('go');
    const sum = withCtx<number>()
      .neuron('sum', {})
      .dendrite({ collateral: go, response: (n, _axon, ctx) => ctx.update((total = 0) => total + n) });
    const ctx = CNSStimulationContextStore.restore(new CNSStimulationContextStore({ values: { sum: 10 } }).serialize());
    expect((await new CNS([sum]).stimulate(go.createSignal(2), { ctx })).context).toEqual({ sum: 12 });
    expect(ctx.get(sum)).toBe(10);
  });

  it('knows a neuron without a name by a registry', () => {
    const anonymous = withCtx<number>().neuron({});
    const store = new CNSStimulationContextStore({ registry: createPersistRegistry({ nameless: anonymous }) });
    store.set(anonymous, 1);
    expect([store.get(anonymous), store.getAll()]).toEqual([1, { nameless: 1 }]);
    expect(store.delete(anonymous)).toBe(true);
  });

  it.each([
    ['get', (store: CNSStimulationContextStore, key: ReturnType<typeof neuron>) => store.get(key)],
    ['set', (store: CNSStimulationContextStore, key: ReturnType<typeof neuron>) => store.set(key, 1)],
    ['delete', (store: CNSStimulationContextStore, key: ReturnType<typeof neuron>) => store.delete(key)],
  ])('I6: %s refuses a neuron that has no name and no registry', async (what, use) => {
    const anonymous = neuron({});
    const call = (store: CNSStimulationContextStore) => use(store, anonymous);
    const error = (await caught(() => call(new CNSStimulationContextStore()))) as InvalidArgumentError;
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toBe(`context store, ${what}: the neuron has no name`);
    expect(error.hint).toMatch(/registry/);
    const registry = createPersistRegistry({ other: neuron({}) });
    const unknown = await caught(() => call(new CNSStimulationContextStore({ registry })));
    expect((unknown as Error).message).toMatch(/the registry does not know it$/);
  });

  it('I6: refuses names that no neuron can have, and keys that are neither neuron nor name', async () => {
    const store = new CNSStimulationContextStore();
    for (const wrong of ['', 'a.b', '__proto__', undefined, 7, {}] as never[]) {
      expect(await caught(() => store.get(wrong))).toBeInstanceOf(InvalidArgumentError);
      expect(await caught(() => store.set(wrong, 1))).toBeInstanceOf(InvalidArgumentError);
    }
    const values = { 'a b': 1 };
    expect(await caught(() => new CNSStimulationContextStore({ values }))).toBeInstanceOf(InvalidArgumentError);
    expect(store.getAll()).toEqual({});
  });
});

describe('a serialized context', () => {
  it('comes back with its types: Date, Map, BigInt, errors, cycles, shared references, undefined inside', () => {
    const shared = { at: new Date(0) };
    const loop: { self?: unknown } = {};
    loop.self = loop;
    const values = {
      tally: { since: new Date(5), hits: Number.NaN, missing: undefined },
      maps: { byId: new Map([[1n, new Set(['a'])]]), first: shared, second: shared },
      'with-dash': new TypeError('no', { cause: loop }),
    };
    const text = new CNSStimulationContextStore({ values }).serialize();
    expect(text).not.toContain('\n');
    const restored = CNSStimulationContextStore.restore(text);
    expect(restored.getAll()).toEqual(values);
    expect(restored.get(tally)?.since).toBeInstanceOf(Date);
    const maps = restored.get('maps') as typeof values.maps;
    expect(maps.first).toBe(maps.second);
    const { cause } = restored.get('with-dash') as { cause: typeof loop };
    expect(cause.self).toBe(cause);
  });

  it('is the same text again when it is serialized again', () => {
    const text = new CNSStimulationContextStore({ values: { a: new Date(1), b: [1, 2] } }).serialize();
    expect(CNSStimulationContextStore.restore(text).serialize()).toBe(text);
  });

  it('is restored by neuron, in a program that has other objects of the same names', () => {
    const registered = (value?: number) => {
      const one = withCtx<number>().neuron({});
      const store = new CNSStimulationContextStore({ registry: createPersistRegistry({ one }) });
      if (value !== undefined) store.set(one, value);
      return { one, store };
    };
    const text = registered(4).store.serialize();
    const { one, store } = registered();
    store.restore(text);
    expect(store.get(one)).toBe(4);
    const registry = createPersistRegistry({ one });
    expect(CNSStimulationContextStore.restore(text, { registry }).get(one)).toBe(4);
  });

  it('takes the place of all that a store held before', () => {
    const store = new CNSStimulationContextStore({ values: { count: 1, tally: 2 } });
    store.restore(new CNSStimulationContextStore({ values: { count: 5 } }).serialize());
    expect(store.getAll()).toEqual({ count: 5 });
  });

  it('I6: does not come to be when a value cannot be kept; the error has its path', async () => {
    const store = new CNSStimulationContextStore({ values: { fine: 1, order: { lines: [{}, { price: () => 1 }] } } });
    const error = (await caught(() => store.serialize())) as UnserializableError;
    expect(error).toBeInstanceOf(UnserializableError);
    expect([error.path, error.what]).toEqual(['context.order.lines[1].price', 'a function']);
  });

  it('I6: is refused as damaged whichever character is another one, and the store stays as it was', async () => {
    const store = new CNSStimulationContextStore({ values: { count: 1 } });
    const text = new CNSStimulationContextStore({ values: { count: 17, tally: { since: new Date(0) } } }).serialize();
    for (let i = 0; i < text.length; i++) {
      const other = text[i] === '0' ? '1' : '0';
      const error = await caught(() => store.restore(text.slice(0, i) + other + text.slice(i + 1)));
      const isTyped = error instanceof CorruptCheckpointError || error instanceof UnsupportedFormatError;
      expect(isTyped, `character ${i}`).toBe(true);
    }
    expect(store.getAll()).toEqual({ count: 1 });
  });

  it('I6: is refused as damaged wherever it is cut off', async () => {
    const text = new CNSStimulationContextStore({ values: { count: 17 } }).serialize();
    for (let length = 0; length < text.length; length++) {
      const error = await caught(() => CNSStimulationContextStore.restore(text.slice(0, length)));
      expect(error, `${length} characters`).toBeInstanceOf(CorruptCheckpointError);
    }
  });

  it.each(['{"v":{"count":1}}', '{"count":1}', '[]', 'null', '7', '{"format":"engram.context","version":2}'])(
    'I6: is not %s, which says so',
    async (text) => {
      const error = await caught(() => CNSStimulationContextStore.restore(text));
      expect(error).toBeInstanceOf(UnsupportedFormatError);
      expect((error as Error).message).toMatch(/this version reads "engram.context" version 1$/);
    },
  );

  it('I6: is a text; anything else is refused', async () => {
    for (const wrong of [undefined, null, {}] as never[]) {
      expect(await caught(() => CNSStimulationContextStore.restore(wrong))).toBeInstanceOf(InvalidArgumentError);
    }
  });
});
