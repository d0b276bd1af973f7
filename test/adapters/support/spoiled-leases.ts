/** Stores that break the contract in who holds a run. */
import type { Lease } from 'engram/adapters/conformance';
import { AlreadyOwnedError, StaleCheckpointError, StaleOwnerError } from 'engram';
import { TTL } from '../../../adapters/conformance/bench.js';
import { isCalled, noted, onLease, onSave, summaryOf, turns, unless, type Violation } from './spoiling.js';

export const spoiledLeases: readonly Violation[] = [
  {
    name: 'looks at no fence',
    caught: [
      ...['I5: a save, a renewal or a release by an overtaken', 'I5: an owner that acquires its run again'],
      ...[
        'I5: a fence that was never given out',
        'I5: acquired ten times at once',
        'I5: a save that comes after the del',
      ],
      ...['I5: a message whose acknowledgement', 'I5: closing gives no lease', 'a run that one store deletes'],
    ],
    spoil: (store, base) => ({
      ...onLease((lease, id) => (noted<Lease>(base, id, lease).value = lease))(store, base),
      save: (request) =>
        store.save(request).catch((error: unknown) => {
          if (!isCalled(error, 'StaleOwnerError') && !isCalled(error, 'LostCheckpointError')) throw error;
          const { fence } = noted<Lease>(base, request.id, { ...request } as unknown as Lease).value;
          return store.save({ ...request, fence });
        }),
    }),
  },
  {
    name: 'gives every holder the same fence',
    caught: [
      ...['I5: acquire takes a run whose lease has expired', 'I5: acquire takes the run of an owner that is provably'],
      ...['I5: acquire takes a run that was released', 'I5: acquired ten times', 'I5: the runs of a killed process'],
    ],
    spoil: onLease((lease) => ({ ...lease, fence: 1 })),
  },
  {
    name: 'begins a run that is created again with the first fence',
    caught: [
      'I5: the fence of an id goes on growing',
      'I5: a save that comes after the deletion',
      'I5: the lease of a del',
    ],
    spoil: (store, base) => {
      // the fence of a run counts from the one that it was created under
      const start = (id: string) => noted(base, id, 0);
      const shown = (id: string, lease: Lease) => ({ ...lease, fence: lease.fence - start(id).value });
      const real = (id: string, lease: Lease) => ({ ...lease, fence: lease.fence + start(id).value });
      return {
        create: async (request) => {
          const lease = await store.create(request);
          if (lease === undefined) return undefined;
          start(request.id).value = lease.fence - 1;
          return shown(request.id, lease);
        },
        acquire: async (id, claim) => {
          const lease = await store.acquire(id, claim);
          return lease && shown(id, lease);
        },
        save: (request) => store.save({ ...request, fence: request.fence + start(request.id).value }),
        renew: async (id, lease, ttl) => {
          const { inbox, lease: renewed } = await store.renew(id, real(id, lease), ttl);
          return { inbox, lease: shown(id, renewed) };
        },
        release: (id, lease) => store.release(id, real(id, lease)),
      };
    },
  },
  {
    name: 'tells an overtaken owner that its save is old',
    caught: ['I5: an overtaken owner whose save is old'],
    spoil: (store) => ({
      save: (request) =>
        store.save(request).catch(async (error: unknown) => {
          const { seq = 0 } = (await store.load(request.id)) ?? {};
          if (request.seq <= seq) throw new StaleCheckpointError(request.id, request.seq, seq);
          throw error;
        }),
    }),
  },
  {
    name: 'lets anybody acquire',
    caught: [
      ...['I5: acquire is refused while another', 'I5: the lease of one run holds', 'I5: renew makes the lease last'],
      ...['I5: the lease of a deleted run', 'I5: of ten that acquire', 'I5: closing gives no lease'],
    ],
    spoil: (store) => ({ acquire: (id, claim) => store.acquire(id, { ...claim, isDead: () => true }) }),
  },
  {
    name: 'believes in no proof of death',
    caught: [
      'I5: acquire takes the run of an owner that is provably',
      'who takes a run over',
      'messages stay with a run',
    ],
    spoil: (store) => ({ acquire: (id, claim) => store.acquire(id, { ...claim, isDead: () => false }) }),
  },
  {
    name: 'lets no lease expire',
    caught: [
      'I5: acquire takes a run whose lease has expired',
      'a save makes no lease last',
      'I5: of ten that acquire',
    ],
    spoil: (store) => ({
      acquire: async (id, claim) => {
        const lease = (await summaryOf(store, id))?.lease ?? null;
        if (lease === null || lease.owner.key === claim.owner.key || claim.isDead(lease.owner))
          return store.acquire(id, claim);
        throw new AlreadyOwnedError(id, lease.owner.label, lease.until);
      },
    }),
  },
  {
    name: 'does not say who holds a run',
    caught: ['I5: acquire is refused while another'],
    spoil: (store) => ({
      acquire: (id, claim) =>
        store.acquire(id, claim).catch((error: unknown) => {
          throw isCalled(error, 'AlreadyOwnedError') ? new AlreadyOwnedError(id, 'another', 0) : error;
        }),
    }),
  },
  {
    name: 'leases for a minute whatever is asked',
    caught: ['I5: create takes the lease', 'I5: acquire takes a run whose lease has expired', 'list gives the newest'],
    spoil: (store) => ({
      create: (request) => store.create({ ...request, claim: { ...request.claim, ttl: 60_000 } }),
    }),
  },
  {
    name: 'acquires what is not there',
    caught: ['acquire gives undefined for an id'],
    spoil: (store, { clock }) => ({
      acquire: async (id, claim) =>
        (await store.acquire(id, claim)) ?? { owner: claim.owner, fence: 1, until: clock.now() + claim.ttl },
    }),
  },
  {
    name: 'looks first and acquires later',
    caught: ['I5: of ten that acquire'],
    spoil: (store, { clock }) => ({
      acquire: async (id, claim) => {
        const lease = (await summaryOf(store, id))?.lease ?? null;
        if (lease !== null && lease.until > clock.now()) return store.acquire(id, claim);
        await turns();
        return store.acquire(id, { ...claim, isDead: () => true });
      },
    }),
  },
  {
    name: 'renews from the end of the lease',
    caught: ['I5: renew makes the lease last', 'I5: an owner whose lease has expired'],
    spoil: (store, { clock }) => ({
      renew: async (id, lease, ttl) => store.renew(id, lease, lease.until + ttl - clock.now()),
    }),
  },
  {
    name: 'renews nothing',
    caught: ['I5: renew makes the lease last', 'list tells of a lease that was renewed'],
    spoil: (store, { clock }) => ({
      renew: async (id, lease, ttl) => {
        const { inbox = 0 } = (await summaryOf(store, id)) ?? {};
        return { lease: { ...lease, until: clock.now() + ttl }, inbox };
      },
    }),
  },
  {
    name: 'renews what is not there any more',
    caught: [
      ...['renew of a run that was never created', 'I5: a lease that was given up', 'a run that one store deletes'],
      ...['I5: the lease of a deleted run', 'I5: a save, a renewal or a release', 'I5: the save that ends a run'],
    ],
    spoil: (store) => ({ renew: (id, lease, ttl) => store.renew(id, lease, ttl).catch(() => ({ lease, inbox: 0 })) }),
  },
  {
    name: 'says of no run that messages wait when it renews',
    caught: ['renew tells how many messages'],
    spoil: (store) => ({ renew: async (id, lease, ttl) => ({ ...(await store.renew(id, lease, ttl)), inbox: 0 }) }),
  },
  {
    name: 'renews with every save',
    caught: ['a save makes no lease last'],
    spoil: (store) => ({
      save: async (request) => {
        await store.save(request);
        const lease = (await summaryOf(store, request.id))?.lease;
        if (lease) await store.renew(request.id, lease, TTL);
      },
    }),
  },
  {
    name: 'refuses an owner whose lease has expired, though nobody took it',
    caught: ['I5: an owner whose lease has expired'],
    spoil: (store, { clock }) => ({
      save: async (request) => {
        const { until = 0 } = (await summaryOf(store, request.id))?.lease ?? {};
        if (until < clock.now()) throw new StaleOwnerError(request.id, request.fence, request.fence + 1);
        return store.save(request);
      },
    }),
  },
  {
    name: 'gives up the lease of whoever holds it',
    caught: [
      'I5: a save, a renewal or a release',
      'I5: the lease of a deleted run',
      'I5: an owner that acquires its run',
    ],
    spoil: (store) => ({
      release: async (id, lease) => store.release(id, (await summaryOf(store, id))?.lease ?? lease),
    }),
  },
  {
    name: 'gives up nothing',
    caught: [
      'I5: acquire takes a run that was released',
      'I5: a lease that was given up',
      'I5: the lease of one run holds',
    ],
    spoil: () => ({ release: async () => undefined }),
  },
  {
    name: 'keeps the lease at the end of a run',
    caught: ['I5: the save that ends a run'],
    spoil: onSave((request) => ({ ...request, release: false })),
  },
  {
    name: 'lets an owner save that has given its lease up',
    caught: ['I5: a lease that was given up', 'I5: the save that ends a run'],
    spoil: (store) => ({
      save: (request) =>
        store.save(request).catch(async (error: unknown) => {
          if ((await summaryOf(store, request.id))?.lease !== null) throw error;
        }),
    }),
  },
  {
    name: 'looks first and creates later',
    caught: ['I5: of twenty creators'],
    spoil: (store) => ({
      create: async (request) => {
        if ((await store.load(request.id)) !== undefined) return undefined;
        await turns();
        await store.delete(request.id);
        return store.create(request);
      },
    }),
  },
  {
    name: 'keeps in each store what it has loaded once',
    caught: ['a run that one store deletes'],
    spoil: (store) => {
      const seen = new Map<string, ReturnType<typeof store.load>>();
      return {
        load: async (id, seq) => {
          const loaded = await store.load(id, seq);
          if (loaded !== undefined && !seen.has(id)) seen.set(id, Promise.resolve(loaded));
          return seen.get(id);
        },
        save: async (request) => {
          await store.save(request);
          seen.set(request.id, store.load(request.id));
        },
      };
    },
  },
  {
    name: 'says that what it cannot give up is unknown',
    caught: ['renew of a run that was never created'],
    spoil: (store) => ({
      release: async (id, lease) => {
        await store.renew(id, lease, 1).catch(unless('StaleOwnerError'));
        await store.release(id, lease);
      },
    }),
  },
  {
    name: 'takes a run without looking into its inbox',
    caught: ['I5: take, where a store has it'],
    spoil: (store) => ({
      take: async (id, claim) => {
        const lease = await store.acquire(id, claim);
        const checkpoint = await store.load(id);
        return lease && checkpoint && { lease, inbox: 0, checkpoint: () => checkpoint };
      },
    }),
  },
  {
    name: 'takes a run and gives its first checkpoint',
    caught: ['I5: take, where a store has it'],
    spoil: (store) => ({
      take: async (id, claim) => {
        const lease = await store.acquire(id, claim);
        const checkpoint = await store.load(id, 1);
        const { length: inbox } = await store.inbox(id);
        return lease && checkpoint && { lease, inbox, checkpoint: () => checkpoint };
      },
    }),
  },
];
