import { describe, expect, it } from 'vitest';
import { CNS, collateral, expect as expectSignal, neuron, NotSupportedError, systemClock } from 'engram';
import { storeConformance } from 'engram/adapters/conformance';
import { type KeyValue, keyValueStore } from 'engram/adapters/key-value';
import { claim, creation, saving } from '../../adapters/conformance/bench.js';

/** Three methods over a map; each answers later, as a server would. */
function mapped(map = new Map<string, string>()) {
  const object = {
    save: async (key: string, json: string) => {
      await null;
      map.set(key, json);
    },
    load: async (key: string) => {
      await null;
      return map.get(key);
    },
    delete: async (key: string) => {
      await null;
      map.delete(key);
    },
  };
  return { map, object };
}

const capabilities = { shared: false, history: false, events: false, inbox: false, list: false } as const;

storeConformance({
  name: 'keyValueStore over what outlives it',
  runner: { describe, it },
  capabilities: { ...capabilities, survives: 'process' },
  fresh: (clock) => {
    const { object } = mapped();
    const open = () => keyValueStore(object, { name: 'map', survives: 'process', clock });
    return { store: open(), again: open };
  },
});

storeConformance({
  name: 'keyValueStore over a map that answers at once',
  runner: { describe, it },
  capabilities: { ...capabilities, survives: 'nothing' },
  fresh: (clock) => {
    const map = new Map<string, string>();
    const object: KeyValue = {
      save: (key, json) => map.set(key, json),
      load: (key) => map.get(key) ?? null,
      delete: (key) => map.delete(key),
    };
    return { store: keyValueStore(object, { name: 'map', clock }) };
  },
});

describe('keyValueStore', () => {
  it('keeps one text per run under a short key of harmless characters, and none after the deletion', async () => {
    const { map, object } = mapped();
    const store = keyValueStore(object, { name: 'map', prefix: 'runs/' });
    for (const id of ['order-17', 'Order-17', '../x', 'x'.repeat(10_000), '\ud800']) await store.create(creation(id));
    const keys = [...map.keys()];
    expect(keys[0]).toBe('runs/order-17');
    expect(new Set(keys.map((key) => key.toLowerCase())).size).toBe(5);
    expect(keys.filter((key) => !/^runs\/~?[a-z0-9_-]{1,100}$/.test(key))).toEqual([]);
    for (const id of ['order-17', 'Order-17', '../x', 'x'.repeat(10_000), '\ud800']) await store.delete(id);
    expect(map.size).toBe(0);
  });

  it('a save writes once and reads nothing, while the run is held here', async () => {
    const { object } = mapped();
    const calls: string[] = [];
    const counted: KeyValue = {
      save: (key, json) => (calls.push('save'), object.save(key, json)),
      load: (key) => (calls.push('load'), object.load(key)),
      delete: (key) => (calls.push('delete'), object.delete(key)),
    };
    const store = keyValueStore(counted, { name: 'map' });
    const lease = await store.create(creation('run'));
    calls.length = 0;
    for (const seq of [2, 3, 4]) await store.save(saving('run', seq, lease ?? never()));
    expect(calls).toEqual(['save', 'save', 'save']);
    await store.save(saving('run', 5, lease ?? never(), { release: true }));
    calls.length = 0;
    await store.load('run');
    expect(calls).toEqual(['load']);
  });

  it('a save that the object refuses is a typed error, fails those that waited behind it, and leaves what was stored', async () => {
    const { object } = mapped();
    let isDown = false;
    const shaky: KeyValue = {
      ...object,
      save: (key, json) => (isDown ? Promise.reject(new Error('503')) : object.save(key, json)),
    };
    const store = keyValueStore(shaky, { name: 'bucket:runs', survives: 'machine' });
    const lease = (await store.create(creation('run', { parts: { a: '1' } }))) ?? never();
    isDown = true;
    const refused = store.save(saving('run', 2, lease, { parts: { a: '2' } }));
    const behind = store.save(saving('run', 3, lease, { parts: { b: '3' } }));
    const names = (await Promise.allSettled([refused, behind])).map(
      (one) => one.status === 'rejected' && String(one.reason),
    );
    expect(names).toEqual(Array(2).fill('StoreUnavailableError: bucket:runs could not save: 503'));
    isDown = false;
    expect((await store.load('run'))?.parts.get('a')).toBe('1');
    await store.save(saving('run', 2, lease, { parts: { b: '2' } }));
    const reopened = keyValueStore(object, { name: 'bucket:runs' });
    expect(await reopened.load('run')).toMatchObject({ seq: 2, parts: new Map(Object.entries({ a: '1', b: '2' })) });
  });

  it.each([
    ['no JSON', 'CorruptCheckpointError', () => '{"kind":"engram-run"'],
    ['nothing', 'CorruptCheckpointError', () => ''],
    ['a foreign text', 'CorruptCheckpointError', () => '{"seq":1}'],
    ['another run', 'CorruptCheckpointError', (text: string) => text.replace('"id":"run"', '"id":"other"')],
    ['a part that is a number', 'CorruptCheckpointError', (text: string) => text.replace('"[\\"a\\"]"', '7')],
    ['a later version', 'UnsupportedFormatError', (text: string) => text.replace('"version":1', '"version":2')],
  ])('%s at the key of a run is a %s', async (_, name, spoil) => {
    const { map, object } = mapped();
    await keyValueStore(object, { name: 'map' }).create(creation('run'));
    map.set('engram:run', spoil(map.get('engram:run') ?? ''));
    const store = keyValueStore(object, { name: 'map' });
    const calls = [store.load('run'), store.acquire('run', claim('two')), store.create(creation('run'))];
    for (const call of calls)
      await expect(call).rejects.toMatchObject({ name, message: expect.stringContaining('map') });
  });

  it('refuses an object that lacks a method, and a name that is empty', () => {
    const { object } = mapped();
    const { delete: _, ...lacking } = object;
    expect(() => keyValueStore(lacking as unknown as KeyValue, { name: 'map' })).toThrow(/without the method `delete`/);
    expect(() => keyValueStore(object, { name: '' })).toThrow(/no name/);
  });
});

describe('a flow on a key-value object', () => {
  function flowOf(object: KeyValue, bodies: string[], clock = systemClock) {
    const placed = collateral<{ total: number }>('placed');
    const approved = collateral<{ by: string }>('approved');
    const shipped = collateral<string>('shipped');
    const order = neuron('order', {})
      .expects(approved)
      .milestone()
      .dendrite({
        collateral: placed,
        response: () => {
          bodies.push('order');
          return expectSignal(approved);
        },
      });
    const ship = neuron('ship', { shipped }).dendrite({
      collateral: approved,
      response: ({ by }, axon) => {
        bodies.push('ship');
        return axon.shipped.createSignal(`approved by ${by}`);
      },
    });
    const store = keyValueStore(object, { name: 'map', survives: 'process', clock });
    return { cns: new CNS([order, ship], { name: 'orders', store, clock }), placed, approved, shipped };
  }

  it('I2: goes on in another CNS after its process is gone, without doing again what a milestone has stored', async () => {
    const { map, object } = mapped();
    const bodies: string[] = [];
    const first = flowOf(object, bodies);
    const run = first.cns.stimulate(first.placed.createSignal({ total: 1 }), { id: 'order-1' });
    await begun(run);
    await run.checkpoint();
    // the process ends here: what it has not stored is gone, and its lease expires
    const left = new Map(map);
    const later = { ...systemClock, now: () => systemClock.now() + 3_600_000 };
    const second = flowOf(mapped(left).object, bodies, later);
    const back = (await second.cns.rehydrate('order-1')) ?? never();
    await back.signal(second.approved.createSignal({ by: 'Ada' }));
    expect((await back.waitUntilComplete()).status).toBe('completed');
    expect(bodies).toEqual(['order', 'ship']);
    await Promise.all([first.cns.close(), second.cns.close()]);
  });

  it('I6: recover() says that the store cannot list runs, and a signal from elsewhere that it keeps no inbox', async () => {
    const { object } = mapped();
    const first = flowOf(object, []);
    await begun(first.cns.stimulate(first.placed.createSignal({ total: 1 }), { id: 'order-1' }));
    const second = flowOf(object, []);
    await expect(second.cns.recover()).rejects.toThrow(NotSupportedError);
    await expect(second.cns.recover()).rejects.toThrow('map cannot list runs');
    await expect(second.cns.signal('order-1', second.approved.createSignal({ by: 'Ada' }))).rejects.toThrow(
      /map keeps no inbox/,
    );
    await Promise.all([first.cns.close(), second.cns.close()]);
  });
});

/** @param run what `stimulate` gave; awaited itself, it is awaited to its end */
async function begun(run: { readonly status: string }): Promise<void> {
  while (run.status === 'starting') await new Promise(setImmediate);
}

function never(): never {
  throw new Error('it is not there');
}
