/**
 * The order flow in a process that dies by SIGKILL at one of its own writes: `ENGRAM_DIES=before:2` just before its
 * second checkpoint is stored, when what led to it has been done; `after:1` just after the first one was stored.
 */
import type { Clock, Store } from 'engram';
import { createCns as createOrders, entry } from '../../machines/flows/order.js';
import { withOverrides } from '../support/stores.js';

const [when, at] = (process.env['ENGRAM_DIES'] ?? '').split(':');

export { entry };
export function createCns({ store, clock }: { readonly store: Store; readonly clock: Clock }) {
  let writes = 0;
  const around = async <T>(write: () => Promise<T>): Promise<T> => {
    const isLast = ++writes === Number(at);
    if (isLast && when === 'before') process.kill(process.pid, 'SIGKILL');
    const written = await write();
    if (isLast && when === 'after') process.kill(process.pid, 'SIGKILL');
    return written;
  };
  const dying = withOverrides(store, {
    create: (request) => around(() => store.create(request)),
    save: (request) => around(() => store.save(request)),
  });
  return createOrders({ store: dying, clock });
}
