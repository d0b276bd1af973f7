/** A store of its own for each run of a proof, as `--store` says. What was stored is gone when the run is over. */
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { redisStore } from '../../../adapters/redis.js';
import { systemClock } from '../../clock/clock.js';
import type { Store } from '../../durability/store.js';
import { openStore } from '../open-store.js';

/** @returns undefined for memory, which has a store for each run anyway @throws UsageError */
export function storesFor(url: string | undefined): (() => Promise<Store>) | undefined {
  if (url === undefined) return undefined;
  const name = `proof-${systemClock.id()}`;
  const opened = openStore(url, systemClock); // says what is wrong with the URL
  if (url.startsWith('memory:')) return undefined;
  let runs = 0;
  return async () => {
    await opened.close();
    const run = `${name}-${(runs += 1)}`;
    return url.startsWith('file:') ? inFiles(`${url.replace(/\/+$/, '')}/${run}`) : inRedis(url, run);
  };
}

function inFiles(url: string): Store {
  const store = openStore(url, systemClock);
  const directory = url.startsWith('file://') ? fileURLToPath(url) : url.slice('file:'.length);
  return closedBy(store, async () => {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });
}

function inRedis(url: string, run: string): Store {
  const store = redisStore({ url, prefix: `engram:${run}:` });
  return closedBy(store, async () => {
    for (const { id } of (await store.list()).runs) await store.delete(id);
    await store.close();
  });
}

const closedBy = (store: Store, close: () => Promise<void>): Store =>
  new Proxy(store, {
    get: (target, key) => {
      const value: unknown = key === 'close' ? close : Reflect.get(target, key, target);
      return typeof value === 'function' && key !== 'close' ? (value.bind(target) as unknown) : value;
    },
  });
