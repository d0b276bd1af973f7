/**
 * The line of five in a process that dies by SIGKILL: in the middle of its last step, when all that was to be stored is;
 * or with a save on its way that never arrives. Says what it did. Told by ENGRAM_DYING: `{ store, durability, isUnsaved }`.
 */
import { writeSync } from 'node:fs';
import type { Durability, Store } from 'engram';
import { fileStore, type FileStoreOptions } from 'engram/adapters/file';
import { memoryStore } from 'engram/adapters/memory';
import { redisStore } from 'engram/adapters/redis';
import { quiet } from '../support/manual-clock.js';
import { withOverrides } from '../support/stores.js';
import { order, packing, type Step } from './packing.js';

export interface Dying {
  readonly store: { readonly file: FileStoreOptions } | { readonly redis: string; readonly prefix: string } | 'memory';
  readonly durability: Durability;
  readonly isUnsaved: boolean;
}

export function openStore({ store }: Pick<Dying, 'store'>): Store {
  if (store === 'memory') return memoryStore();
  return 'file' in store ? fileStore(store.file) : redisStore({ url: store.redis, prefix: store.prefix });
}

const told = process.env['ENGRAM_DYING'];
if (told !== undefined) {
  const dying = JSON.parse(told) as Dying;
  const inner = openStore(dying);
  const die = (): void => void process.kill(process.pid, 'SIGKILL');
  let onItsWay = 0;
  let asked = 0;
  const store = withOverrides(inner, {
    save: async (request) => {
      asked++;
      if (dying.isUnsaved) return new Promise(() => undefined);
      onItsWay++;
      await inner.save(request);
      onItsWay--;
    },
  });
  const during = async (step: Step): Promise<void> => {
    await quiet();
    while (onItsWay > 0) await quiet();
    if (step === 'bill') return die();
    writeSync(1, `${step}\n`);
  };
  packing({ store, durability: dying.durability }, during).cns.stimulate(order.createSignal('a'), { id: 'x' });
  // behind a milestone that is not stored nothing more happens
  while (dying.durability !== 'sync' || !dying.isUnsaved || asked === 0) await quiet();
  for (let i = 0; i < 50; i++) await quiet();
  die();
}
