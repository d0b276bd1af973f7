/**
 * A process that owns a run, for tests that pause and kill it: `hold` starts run `r` and answers when it is told to;
 * `take` takes the run over as soon as that is possible, and goes on with it to its end.
 */
import { pathToFileURL } from 'node:url';
import { fileStore } from '../../adapters/file.js';
import { redisStore } from '../../adapters/redis.js';
import { AlreadyOwnedError, CNS, collateral, neuron, type Store, withCtx } from '../../src/index.js';

export const order = collateral<string>('order');
const ready = collateral<string>('ready');

/** `file:<directory>`, or the URL of a Redis server with the prefix behind a `#`. */
export function openStore(url: string): Store {
  const [base = '', prefix = ''] = url.split('#');
  return base.startsWith('file:') ? fileStore({ dir: base.slice(5) }) : redisStore({ url: base, prefix });
}

/** A milestone that waits for `answer`, and what comes behind it. */
export function holding(store: Store, lease: number, answer: () => unknown) {
  const trace: string[] = [];
  const wait = withCtx<string>()
    .neuron('wait', { ready })
    .milestone()
    .dendrite({
      collateral: order,
      response: async (item, axon, ctx) => {
        trace.push('wait');
        await answer();
        ctx.set(item);
        return axon.ready.createSignal(item);
      },
    });
  const ship = neuron('ship', {}).dendrite({ collateral: ready, response: () => void trace.push('ship') });
  const logger = { warn: () => undefined, error: () => undefined };
  return { cns: new CNS([wait, ship], { store, lease, logger }), trace };
}

async function hold(url: string, lease: number): Promise<void> {
  const answered = new Promise<void>((resolve) => process.once('message', () => resolve()));
  const store = openStore(url);
  const { cns, trace } = holding(store, lease, () => {
    process.send?.({ working: true });
    return answered;
  });
  const run = cns.stimulate(order.createSignal('tea'), { id: 'r' });
  const ended = await run.waitUntilComplete().catch((error: unknown) => error as { readonly code: string });
  process.send?.({ ended: 'code' in ended ? ended.code : ended.status, status: run.status, trace });
}

async function take(url: string, lease: number): Promise<void> {
  const store = openStore(url);
  const { cns } = holding(store, lease, () => undefined);
  for (;;) {
    const run = await cns.rehydrate('r').catch((error: unknown) => {
      if (error instanceof AlreadyOwnedError) return undefined;
      throw error;
    });
    if (run === undefined) continue;
    await run.waitUntilComplete();
    await cns.close();
    await store.close();
    return;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , what, url = '', lease = ''] = process.argv;
  await (what === 'take' ? take : hold)(url, Number(lease));
}
