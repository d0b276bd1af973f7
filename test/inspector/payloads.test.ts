import { CNS, collateral, neuron, withCtx, type CNSOptions } from 'engram';
import { statelyInspector, type StatelyInspectorOptions } from 'engram/inspector';
import { SimulatedClock } from 'engram/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { recordingLogger } from '../support/recording-logger.js';
import { Listener } from './listener.js';

let listener: Listener;
beforeEach(async () => void (listener = await Listener.open()));
afterEach(() => listener.close());

const pay = collateral<any>('pay');
const paid = collateral<any>('paid');
const later = collateral<any>('later');
const receipt = collateral<any>('receipt');

/** Hands what it is given to a neuron, to its context value, to a later time, to the output, or throws it. */
async function run(payload: unknown, given: CNSOptions, options: StatelyInspectorOptions = {}, id = 'r') {
  const inspect = statelyInspector({ url: listener.url, ...options });
  const take = withCtx<unknown>()
    .neuron('take', { paid, later, receipt })
    .dendrite({
      collateral: pay,
      response: async (what, axon, ctx) => {
        ctx.set(what);
        return [
          axon.paid.createSignal(what),
          axon.later.createSignal(what, { delay: 1 }),
          axon.receipt.createSignal(what),
        ];
      },
    });
  const lose = neuron('lose', {}).dendrite({
    collateral: [paid, later],
    response: (what) => {
      throw Object.assign(new RangeError('lost'), { what });
    },
  });
  const cns = new CNS([take, lose], { logger: recordingLogger(), inspect, ...given });
  const stimulation = cns.stimulate(pay.createSignal(payload), {
    id,
    output: receipt,
    stimulationContext: typeof payload === 'object' ? { given: payload } : undefined,
  });
  const error = await caught(stimulation.waitUntilComplete());
  await inspect.close();
  const end = await listener.end(id);
  return { error, end: end as Record<string, any>, values: stimulation.getContext().getAll() };
}

const card = { order: 'A-17', card: { number: '4111-secret', owner: 'Ann' }, list: [{ pin: 'secret-1234' }] };

describe('secrets', () => {
  it('that the CNS redacts by name do not go over the wire, wherever they stand', async () => {
    const { values } = await run(card, { redact: ['number', 'pin'] });
    expect(listener.text).not.toContain('secret');
    expect(listener.text).toContain('"number":"[redacted]"');
    expect(listener.text).toContain('A-17');
    expect(values).toEqual({ take: card });
  });

  it('that the CNS redacts by a function do not either, which is asked by the paths that it knows', async () => {
    const paths = new Set<string>();
    const redact = (path: readonly string[], value: unknown) => {
      paths.add(path.join('.'));
      return typeof value === 'string' && value.includes('secret') ? '***' : value;
    };
    const { end } = await run(card, { redact });
    expect(listener.text).not.toContain('secret');
    expect(end['context'].values.take.card).toEqual({ number: '***', owner: 'Ann' });
    for (const path of ['payload.pay.card.number', 'context.take.list.0.pin', 'error.what.order', 'output.order']) {
      expect(paths).toContain(path);
    }
  });

  describe('in the key of a join', () => {
    const go = collateral('go');
    const price = collateral<{ card: string }>('price');
    const stock = collateral<{ card: string }>('stock');

    /** What is shown of a part that waits for the other one. */
    async function joined(redact: CNSOptions['redact']): Promise<Record<string, unknown>> {
      const clock = new SimulatedClock();
      const parts = { price, stock };
      const ask = neuron('ask', parts).dendrite({
        collateral: go,
        response: (_payload, axon) => [
          axon.price.createSignal({ card: 'secret' }),
          axon.stock.createSignal({ card: 'secret' }, { delay: '1h' }),
        ],
      });
      const pack = neuron('pack', {}).join(parts, () => undefined, { key: ({ card: of }) => of });
      const inspect = statelyInspector({ url: listener.url });
      const cns = new CNS([ask, pack], { inspect, clock, ...(redact === undefined ? {} : { redact }) });
      const ended = cns.stimulate(go.createSignal(), { id: 'join' }).waitUntilComplete();
      const part = () =>
        listener
          .snapshotsOf('join')
          .map(({ context }) => (context as { joined?: Record<string, unknown>[] }).joined?.[0])
          .find((each) => each !== undefined);
      await listener.until(() => part() !== undefined);
      await clock.advance('1h');
      await ended;
      await inspect.close();
      return part() as Record<string, unknown>;
    }

    it('are hidden by any name, since the key may be made of what the name hides', async () => {
      expect(await joined(['card'])).toMatchObject({ key: '[redacted]', payload: { card: '[redacted]' } });
      expect(listener.text).not.toContain('secret');
    });

    it('are hidden by a function, which is asked for the key', async () => {
      const hide = (path: readonly string[], value: unknown) =>
        ['card', 'key'].includes(path.at(-1) ?? '') ? path.join('.') : value;
      expect(await joined(hide)).toMatchObject({ key: 'payload.price.key', payload: { card: 'payload.price.card' } });
      expect(listener.text).not.toContain('secret');
    });

    it.each([[undefined], [[]]])('are shown where nothing is to be hidden: %j', async (redact) => {
      expect(await joined(redact)).toMatchObject({ key: 'secret' });
    });
  });

  it('are hidden where the function that redacts throws', async () => {
    const redact = () => {
      throw new RangeError('oops');
    };
    const { end } = await run(card, { redact });
    expect(listener.text).not.toContain('secret');
    expect(end['context'].values.take).toBe('[redacted]');
  });

  it('are what sanitizeContext and sanitizeEvent leave out, and what they do to their copies changes no run', async () => {
    const { values, error } = await run(
      card,
      {},
      {
        sanitizeContext: (context) => {
          const { id, status } = context;
          delete context['values'];
          return { id, status, output: { order: 'A-17' } };
        },
        sanitizeEvent: (event) => {
          const { type, payload } = event as { type: string; payload?: { card?: unknown } };
          if (payload !== undefined) delete payload.card;
          return { type };
        },
      },
    );
    expect(listener.text).not.toContain('secret');
    expect(listener.snapshotsOf('r').at(-1)).toMatchObject({
      context: { id: 'r', status: 'failed', output: { order: 'A-17' } },
      output: { order: 'A-17' },
    });
    expect(listener.events.map(({ event }) => Object.keys(event))).toEqual(listener.events.map(() => ['type']));
    expect(values).toEqual({ take: card });
    expect(error).toMatchObject({ code: 'STIMULATION_FAILED' });
  });

  it.each([
    ['throw', () => ({ raise: () => JSON.parse('{') as object }).raise()],
    ['return nothing', () => undefined],
  ])('are not shown by sanitizers that %s', async (_what, sanitize) => {
    const options = { sanitizeContext: sanitize, sanitizeEvent: sanitize } as StatelyInspectorOptions;
    const { end } = await run(card, {}, options);
    expect(listener.text).not.toMatch(/secret|A-17/);
    expect(end['context']).toEqual({ context: '[not shown: what was to sanitize it has failed]' });
    expect(listener.events[0]?.event).toEqual({
      type: 'pay',
      event: '[not shown: what was to sanitize it has failed]',
    });
  });
});

describe('payloads that no JSON can hold', () => {
  it('are shown as far as they can be, and hold nothing up', async () => {
    const cyclic: Record<string, unknown> = { name: 'ring' };
    cyclic['self'] = cyclic;
    cyclic['list'] = [cyclic];
    let deep: Record<string, unknown> = { end: true };
    for (let i = 0; i < 100_000; i++) deep = { deep };
    const payload = {
      cyclic,
      deep,
      wide: Array.from({ length: 1_000_000 }, (_, n) => n),
      keys: Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`k${n}`, n])),
      crowd: Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`k${n}`, n])),
      long: 'x'.repeat(10_000_000),
      big: 2n ** 64n,
      huge: 2n ** 1_000_000n,
      nothing: undefined,
      odd: [Number.NaN, -Infinity, undefined, Symbol('s'), function named() {}],
      at: new Date(0),
      never: new Date(Number.NaN),
      map: new Map<unknown, unknown>([
        ['a', 1],
        [{}, 2],
      ]),
      set: new Set([1, 'two']),
      bytes: new Uint8Array(1024),
      buffer: new ArrayBuffer(8),
      url: new URL('https://example.org/a'),
      match: /a+/g,
      error: new RangeError('no', { cause: new TypeError('why') }),
      promise: Promise.resolve(),
      boxed: Object('text') as unknown,
      proxy: new Proxy({}, { ownKeys: () => expect.unreachable('a trap was called') }),
      get cost() {
        return expect.unreachable('a getter was called');
      },
      toJSON: () => expect.unreachable('toJSON was called'),
      ['__proto__x']: 1,
    };
    Object.defineProperty(payload, '__proto__', { value: { polluted: true }, enumerable: true });
    const before = performance.now();
    const { end, error } = await run(payload, {});
    expect(performance.now() - before).toBeLessThan(20_000);
    expect(error).toMatchObject({ code: 'STIMULATION_FAILED' });
    expect(end['value']).toBe('failed');
    const shown = listener.events[0]?.event['payload'] as Record<string, any>;
    expect(shown).toMatchObject({
      cyclic: { name: 'ring', self: '[circular]', list: ['[circular]'] },
      big: '18446744073709551616n',
      huge: '[more than 2^4095]n',
      odd: ['NaN', '-Infinity', null, 'Symbol(s)', '[function named]'],
      at: '1970-01-01T00:00:00.000Z',
      never: 'Invalid Date',
      map: { a: 1, '1': 2 },
      set: [1, 'two'],
      bytes: '[1024 bytes]',
      buffer: '[8 bytes]',
      url: 'https://example.org/a',
      match: '/a+/g',
      error: { name: 'RangeError', message: 'no', cause: { name: 'TypeError', message: 'why' } },
      promise: '[Promise]',
      boxed: '[boxed]',
      proxy: '[Proxy]',
      cost: '[redacted]',
      toJSON: '[function toJSON]',
    });
    expect(shown['wide']).toHaveLength(101);
    expect(shown['wide'].at(-1)).toBe('… 999900 more');
    expect(shown['keys']['…']).toBe('900 more');
    expect(shown['crowd']['…']).toBe('about 19900 more');
    expect(shown['long']).toMatch(/^x{4096}… 9995904 more$/);
    expect(JSON.stringify(shown['deep'])).toMatch(/^(\{"deep":){15}"…"\}+$/);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(Math.max(...listener.messages.map((message) => JSON.stringify(message).length))).toBeLessThan(500_000);
  });

  it('are shown by what the built-in classes say of them, and nothing of their own classes is called', async () => {
    const called = (): never => expect.unreachable('something of the user was called');
    const traps = new Proxy({}, { get: () => called }) as ProxyHandler<object>;
    class Odd extends Set<unknown> {
      override get size(): number {
        return called();
      }
      override values = called;
      override [Symbol.iterator] = called;
    }
    class OddMap extends Map<unknown, unknown> {
      override get size(): number {
        return called();
      }
      override entries = called;
      override [Symbol.iterator] = called;
    }
    class OddBytes extends Uint8Array {
      override get byteLength(): number {
        return called();
      }
    }
    class OddUrl extends URL {
      override get href(): string {
        return called();
      }
      override toString = called;
    }
    class OddPattern extends RegExp {
      override get source(): string {
        return called();
      }
      override get flags(): string {
        return called();
      }
    }
    const given = new ArrayBuffer(8);
    const view = new DataView(given);
    structuredClone(given, { transfer: [given] });
    const own = { own: { value: 1, enumerable: true } };
    const one = new Odd();
    Set.prototype.add.call(one, 1);
    const error = new RangeError('no');
    Object.setPrototypeOf(error, new Proxy(RangeError.prototype, traps));
    await run(
      {
        set: one,
        map: new OddMap(),
        bytes: new OddBytes(3),
        view,
        url: new OddUrl('https://example.org/a'),
        match: new OddPattern('a+', 'gi'),
        callable: new Proxy(() => undefined, traps),
        inherits: Object.create(new Proxy({}, traps), own) as object,
        noUrl: Object.create(URL.prototype, own) as object,
        error,
        list: [new Proxy({}, traps)],
        named: Object.defineProperty(() => undefined, 'name', { value: 'n'.repeat(10_000) }),
      },
      {},
    );
    expect(listener.events[0]?.event['payload']).toEqual({
      set: [1],
      map: {},
      bytes: '[3 bytes]',
      view: '[0 bytes]',
      url: 'https://example.org/a',
      match: '/a+/gi',
      callable: '[Proxy]',
      inherits: { own: 1 },
      noUrl: { own: 1 },
      error: { name: 'Error', message: 'no' },
      list: ['[Proxy]'],
      named: expect.stringMatching(/^\[function n{200}… 9800 more\]$/) as string,
    });
  });

  it('of 20,000 activations that wait are shown by the first of them, with their number', async () => {
    const go = collateral('go');
    const item = collateral<{ n: number; text: string }>('item');
    const spread = neuron('spread', { item }).dendrite({
      collateral: go,
      response: (_payload, axon) =>
        Array.from({ length: 20_000 }, (_, n) =>
          axon.item.createSignal({ n, text: 'y'.repeat(1000) }, { delay: '1h' }),
        ),
    });
    const work = neuron('work', {}).dendrite({ collateral: item, response: async () => undefined });
    const clock = new SimulatedClock();
    const inspect = statelyInspector({ url: listener.url });
    const ended = new CNS([spread, work], { inspect, clock })
      .stimulate(go.createSignal(), { id: 'wide' })
      .waitUntilComplete();
    const waiting = () => listener.snapshotsOf('wide').find((each) => JSON.stringify(each).includes('delayed'));
    await listener.until(() => waiting() !== undefined);
    const { frontier } = waiting()?.['context'] as { frontier: unknown[] };
    expect(frontier).toHaveLength(101);
    expect(frontier.at(-1)).toBe('… 19900 more');
    await listener.until(() => listener.snapshotsOf('wide/work').at(-1)?.['value'] === 'waiting');
    expect(listener.snapshotsOf('wide/work').at(-1)).toMatchObject({ context: { pending: 20_000 } });
    await clock.advance('1h');
    await ended;
    await inspect.close();
    expect(await listener.end('wide')).toMatchObject({ value: 'completed' });
    const sizes = listener.messages.map((message) => JSON.stringify(message).length);
    expect(Math.max(...sizes)).toBeLessThan(500_000);
    const delivered = listener.events.filter(({ from, to }) => from === 'run' && to === 'work');
    expect(delivered).toHaveLength(100);
    expect(delivered.at(-1)?.event['…']).toBe('19900 more');
  });
});
