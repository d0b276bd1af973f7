/** What it costs while nobody listens, and what whoever comes later is shown. */
import { CNS, collateral, neuron } from 'engram';
import { statelyInspector } from 'engram/inspector';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { recordingLogger } from '../support/recording-logger.js';
import { childProcess, freePort } from './child.js';
import { Listener } from './listener.js';

const rows = Array.from({ length: 100 }, (_, n) => ({ n, name: `row ${n}`, price: n / 4 }));

describe('while nobody listens', () => {
  it('runs that ended are forgotten with all that was kept of them, and memory does not grow with their number', async () => {
    const { code, stdout } = await childProcess(
      new URL('memory.child.ts', import.meta.url),
      [`ws://localhost:${await freePort()}`],
      ['--expose-gc'],
    );
    const { few, many } = JSON.parse(stdout) as { few: number; many: number };
    expect(code).toBe(0);
    // 100 runs are kept after 300 as after 2,300; what grows are lines, which are few bytes here
    expect(many).toBeLessThan(2 * few);
    expect(many).toBeLessThan(32_000_000);
  });

  it('a hop costs the same however large its payload is: the first 50 values of it are kept', async () => {
    const port = await freePort();
    const logger = recordingLogger();
    const inspect = statelyInspector({ url: `ws://localhost:${port}`, logger });
    const hop = collateral<{ left: number; rows: typeof rows }>('hop');
    let asked = 0;
    const redact = (_path: readonly string[], value: unknown) => {
      asked++;
      return value;
    };
    const next = neuron('next', { hop }).dendrite({
      collateral: hop,
      response: ({ left, rows: all }, axon) =>
        left === 0 ? undefined : axon.hop.createSignal({ left: left - 1, rows: all }),
    });
    const cns = new CNS([next], { inspect, redact });
    await cns.stimulate(hop.createSignal({ left: 0, rows }), { id: 'hopeful' });
    // one that may still be listened to is shown as it is
    expect(asked).toBeGreaterThan(400);
    await expect.poll(() => logger.warnings).toHaveLength(1);
    asked = 0;
    await cns.stimulate(hop.createSignal({ left: 199, rows }), { id: 'unheard' });
    expect(asked / 200).toBeLessThan(60);

    const listener = await Listener.open(port);
    const payloadOf = () =>
      listener.events
        .map(({ event }) => event['payload'] as { left: number; rows: unknown[] } | undefined)
        .find((each) => each?.left === 1);
    await listener.until(() => payloadOf() !== undefined);
    const payload = payloadOf();
    expect(payload?.rows).toHaveLength(49);
    expect(payload?.rows.at(-1)).toBe('… 52 more');
    await inspect.close();
    await listener.close();
  });
});

describe('objects of very many keys', () => {
  afterEach(() => vi.restoreAllMocks());

  async function listedWhile(payload: object, hops: number): Promise<object[]> {
    const inspect = statelyInspector({ url: `ws://localhost:${await freePort()}`, logger: recordingLogger() });
    const hop = collateral<object>('hop');
    let left = hops;
    const next = neuron('next', { hop }).dendrite({
      collateral: hop,
      response: (given, axon) => (left-- === 0 ? undefined : axon.hop.createSignal(given)),
    });
    const cns = new CNS([next], { inspect });
    const keys = vi.spyOn(Object, 'keys');
    await cns.stimulate(hop.createSignal(payload));
    const listed = keys.mock.calls.map(([of]) => of);
    keys.mockRestore();
    await inspect.close();
    return listed;
  }

  const record = (keys: number) => Object.fromEntries(Array.from({ length: keys }, (_, n) => [`k${n}`, n]));

  it('are listed once in their life, however often they are met', async () => {
    const huge = record(20_000);
    const listed = await listedWhile({ all: Array.from({ length: 90 }, () => huge) }, 5);
    expect(listed.filter((of) => of === huge)).toHaveLength(1);
  });

  it('are listed once per copy where they are not huge, and no more than so many keys in all', async () => {
    const large = record(1_000);
    const others = Array.from({ length: 90 }, () => record(1_000));
    const again = await listedWhile({ all: Array.from({ length: 90 }, () => large) }, 0);
    // twice at most: in the context at the beginning, and in the event
    expect(again.filter((of) => of === large).length).toBeLessThanOrEqual(3);
    const listed = await listedWhile(others, 0);
    const inEvents = others.filter((other) => listed.filter((of) => of === other).length > 1);
    expect(inEvents.length).toBeLessThan(40);
  });
});
