/** A store of which every call goes through a function that may hold it, refuse it, or never answer it. */
import type { Claim, CreateRequest, SaveRequest, Store } from '../../durability/store.js';

export type StoreMethod = Exclude<keyof Store, 'name' | 'capabilities'>;

/** One call to a store. */
export interface StoreCall {
  readonly method: StoreMethod;
  /** Of the run; empty for `list` and `close`. */
  readonly id: string;
  /** Of `save` and `create`. */
  readonly request?: SaveRequest | CreateRequest;
}

/** @param perform does what was asked for; may be called once, later, or never */
export type Watch = <T>(call: StoreCall, perform: () => Promise<T>) => Promise<T>;

/** @param claimed what is passed on in the place of a claim */
export function watchedStore(store: Store, watch: Watch, claimed: (claim: Claim) => Claim = (claim) => claim): Store {
  const { name, capabilities } = store;
  return {
    name,
    capabilities,
    create: (request) =>
      watch({ method: 'create', id: request.id, request }, () =>
        store.create({ ...request, claim: claimed(request.claim) }),
      ),
    acquire: (id, claim) => watch({ method: 'acquire', id }, () => store.acquire(id, claimed(claim))),
    ...(store.take === undefined
      ? {}
      : { take: (id, claim) => watch({ method: 'take', id }, async () => store.take?.(id, claimed(claim))) }),
    renew: (id, lease, ttl) => watch({ method: 'renew', id }, () => store.renew(id, lease, ttl)),
    release: (id, lease) => watch({ method: 'release', id }, () => store.release(id, lease)),
    save: (request) => watch({ method: 'save', id: request.id, request }, () => store.save(request)),
    load: (id, seq) => watch({ method: 'load', id }, () => store.load(id, seq)),
    history: (id) => watch({ method: 'history', id }, () => store.history(id)),
    events: (id) => watch({ method: 'events', id }, () => store.events(id)),
    post: (id, message) => watch({ method: 'post', id }, () => store.post(id, message)),
    inbox: (id) => watch({ method: 'inbox', id }, () => store.inbox(id)),
    list: (query) => watch({ method: 'list', id: '' }, () => store.list(query)),
    prune: (id, keep) => watch({ method: 'prune', id }, () => store.prune(id, keep)),
    delete: (id) => watch({ method: 'delete', id }, () => store.delete(id)),
    close: () => watch({ method: 'close', id: '' }, () => store.close()),
  };
}
