/** Stores that break the contract in what they keep; what stands underneath passes the whole suite. */
import { memoryStore } from 'engram/adapters/memory';
import {
  isCalled,
  mapped,
  noted,
  onSave,
  parsed,
  renamed,
  someParts,
  turns,
  unless,
  type Violation,
} from './spoiling.js';

const NOBODY = { key: 'x', label: 'x', boot: '', namespace: '', pid: 1, started: '' };

export const spoiledCheckpoints: readonly Violation[] = [
  {
    name: 'says that a stale save was done',
    caught: ['I3: a save that is not newer', 'I3: of two saves of one seq', 'I5: a message whose acknowledgement'],
    spoil: (store) => ({ save: (request) => store.save(request).catch(unless('StaleCheckpointError')) }),
  },
  {
    name: 'keeps the events of a save that it refuses',
    caught: ['I3: a save that is not newer', 'I5: a save, a renewal or a release by an overtaken'],
    spoil: (store, base) => {
      const extra = (id: string) => noted<string[]>(base, `events of ${id}`, []);
      return {
        save: (request) =>
          store.save(request).catch((error: unknown) => {
            extra(request.id).value.push(...request.events);
            throw error;
          }),
        events: async (id) => [...(await store.events(id)), ...extra(id).value],
      };
    },
  },
  {
    name: 'throws errors of its own under the right names',
    caught: ['I3: a save that is not newer', 'a save of an unknown run'],
    spoil: (store) => ({
      save: (request) =>
        store.save(request).catch((error: unknown) => {
          throw Object.assign(new Error('no'), { name: (error as Error).name });
        }),
    }),
  },
  {
    name: 'keeps parts that are null',
    caught: ['save changes the parts', 'who takes a run over', 'I3: saves of one run', '5,000 parts'],
    spoil: onSave((request) => ({ ...request, parts: someParts(request.parts, (text) => text !== null) })),
  },
  {
    name: 'takes every save for a whole one',
    caught: ['save changes the parts', 'prune forgets all but', 'a run goes on after it was pruned'],
    spoil: onSave((request) => ({ ...request, whole: true })),
  },
  {
    name: 'does not look at what a save builds on',
    caught: ['a save that builds on a checkpoint which the store has lost'],
    spoil: onSave((request) => ({ ...request, parent: 1 })),
  },
  {
    name: 'takes what builds on its newest checkpoint alone',
    caught: ['a save whose answer was lost may be followed'],
    spoil: (store) => ({
      save: async (request) => {
        const { seq = 0 } = (await store.load(request.id)) ?? {};
        const parent = request.parent === seq ? seq : seq + 1;
        return store.save({ ...request, parent });
      },
    }),
  },
  {
    name: 'takes no save for a whole one',
    caught: [
      'a whole save replaces all parts',
      'load gives the checkpoint of a seq',
      'a whole save is taken on whatever',
    ],
    spoil: onSave((request) => ({ ...request, whole: false })),
  },
  {
    name: 'has no run where there are no parts',
    caught: ['a run without parts and events'],
    spoil: (store) => ({
      load: async (id, seq) => {
        const loaded = await store.load(id, seq);
        return loaded?.parts.size === 0 ? undefined : loaded;
      },
    }),
  },
  {
    name: 'looks at what the caller gave only when it has time',
    caught: ['what the caller changes afterwards'],
    spoil: (store) => ({
      create: async (request) => {
        await turns();
        return store.create(request);
      },
    }),
  },
  {
    name: 'gives its own events away',
    caught: ['what the caller changes afterwards'],
    spoil: (store, base) => ({
      events: async (id) => {
        const events = await store.events(id);
        const kept = noted(base, `events of ${id}`, events);
        if (kept.value.length < events.length) kept.value = events;
        return kept.value;
      },
    }),
  },
  {
    name: 'loads a run that is not there as an empty one',
    caught: [
      'an id never created',
      'acquire gives undefined',
      'a save of an unknown run',
      'renew of a run that was never',
    ],
    spoil: (store) => ({
      load: async (id, seq) => (await store.load(id, seq)) ?? { id, seq: 0, head: 'null', parts: new Map() },
    }),
  },
  {
    name: 'loads another head than was stored',
    caught: ['create stores checkpoint 1', 'saves of fifty', 'I5: the runs of a killed process'],
    spoil: (store) => ({
      load: async (id, seq) => {
        const loaded = await store.load(id, seq);
        return loaded && { ...loaded, seq: loaded.seq + 1, head: `[${loaded.head}]` };
      },
    }),
  },
  {
    name: 'creates over what is there',
    caught: ['create of an id that is there', 'create of an id that another store has'],
    spoil: (store) => ({
      create: async (request) => {
        await store.delete(request.id);
        return store.create(request);
      },
    }),
  },
  {
    name: 'makes a run of a save',
    caught: ['a save of an unknown run', 'I5: a save that comes after the deletion'],
    spoil: (store) => ({
      save: (request) =>
        store.save(request).catch(async (error: unknown) => {
          if (!isCalled(error, 'UnknownRunError')) throw error;
          const { id, head, events, index } = request;
          await store.create({
            id,
            head,
            events,
            index,
            parts: new Map(),
            claim: { owner: NOBODY, ttl: 1, isDead: () => false },
          });
        }),
    }),
  },
  {
    name: 'loads the newest whatever seq is asked for',
    caught: ['load of a seq that was never', 'load gives the checkpoint of a seq'],
    spoil: (store) => ({ load: (id) => store.load(id) }),
  },
  {
    name: 'tells the history oldest first',
    caught: ['load gives the checkpoint of a seq', 'I3: after SIGKILL'],
    spoil: (store) => ({ history: async (id) => [...(await store.history(id))].reverse() }),
  },
  {
    name: 'tells the events newest first',
    caught: ['events of all saves', 'who takes a run over'],
    spoil: (store) => ({ events: async (id) => [...(await store.events(id))].reverse() }),
  },
  {
    name: 'keeps equal events once',
    caught: ['events of all saves', 'saves of fifty runs'],
    spoil: (store) => ({ events: async (id) => [...new Set(await store.events(id))] }),
  },
  {
    name: 'cannot do what it declares',
    caught: ['what the store declares that it can'],
    spoil: () => ({ history: () => Promise.reject(new Error('not implemented')) }),
  },
  {
    name: 'does what it declares that it cannot',
    caught: ['what the store declares that it can', 'the store declares what the suite was told'],
    spoil: (store) => ({ capabilities: { ...store.capabilities, list: false } }),
  },
  {
    name: 'cuts long texts',
    caught: ['50 MB in one part'],
    spoil: onSave((request) => ({
      ...request,
      parts: mapped(request.parts, (text) => (text === null ? null : text.slice(0, 2 ** 24))),
    })),
  },
  {
    name: 'takes a thousand parts of a save',
    caught: ['5,000 parts and 5,000 events'],
    spoil: onSave((request) => ({ ...request, parts: someParts(request.parts, (_, i) => i < 1_000) })),
  },
  {
    name: 'takes an empty id',
    caught: ['an empty id is refused'],
    spoil: renamed((id) => (id === '' ? '(none)' : id)),
  },
  {
    name: 'takes lone surrogates for each other',
    caught: ['ids of any length', 'ids of any characters are found again'],
    spoil: renamed((id) => Buffer.from(id).toString()),
  },
  {
    name: 'cuts long ids',
    caught: ['ids of any length', 'deleting one of the runs'],
    spoil: renamed((id) => id.slice(0, 255) || id),
  },
  {
    name: 'keeps parts in a plain object',
    caught: ['parts of any name'],
    spoil: (store) => ({
      create: (request) => {
        const parts: Record<string, string> = {};
        for (const [name, text] of request.parts) parts[name] = text;
        return store.create({ ...request, parts: new Map(Object.entries(parts)) });
      },
    }),
  },
  {
    name: 'reads texts as JSON',
    caught: ['texts come back to the letter, also', 'texts come back to the letter from'],
    spoil: (store) => ({
      create: (request) => store.create({ ...request, parts: mapped(request.parts, parsed) }),
      save: (request) => store.save({ ...request, events: request.events.map(parsed) }),
    }),
  },
  {
    name: 'prunes nothing',
    caught: ['prune forgets all but', 'a run goes on after it was pruned'],
    spoil: () => ({ prune: async () => undefined }),
  },
  {
    name: 'prunes the newest as well',
    caught: ['prune forgets all but', 'a run goes on after it was pruned'],
    spoil: (store) => ({
      prune: async (id, keep) => {
        if (keep <= 1) await store.delete(id);
        else await store.prune(id, keep - 1);
      },
    }),
  },
  {
    name: 'keeps the events of a run that is deleted',
    caught: ['delete forgets a run', 'a deleted run is gone'],
    spoil: (store, base) => {
      const all = (id: string) => noted<string[]>(base, `events of ${id}`, []);
      return {
        create: async (request) => {
          const lease = await store.create(request);
          if (lease !== undefined) all(request.id).value.push(...request.events);
          return lease;
        },
        events: async (id) => all(id).value,
      };
    },
  },
  {
    name: 'says of every id that it deleted its run',
    caught: ['an id never created', 'delete forgets a run', 'a run that is created and deleted at once'],
    spoil: (store) => ({
      delete: async (id) => {
        await store.delete(id);
        return true;
      },
    }),
  },
  {
    name: 'deletes when it finds time',
    caught: ['delete forgets a run', 'a run that one store deletes', 'a save on its way when its run is del'],
    spoil: (store) => ({
      delete: async (id) => {
        void turns(5).then(() => store.delete(id).catch(unless('StoreClosedError')));
        return (await store.load(id)) !== undefined;
      },
    }),
  },
  {
    name: 'deletes every run whose id begins so',
    caught: ['deleting one of the runs'],
    spoil: (store) => ({
      delete: async (id) => {
        const { runs } = await store.list({ limit: 1_000 });
        for (const other of runs) if (other.id !== id && other.id.startsWith(id)) await store.delete(other.id);
        return store.delete(id);
      },
    }),
  },
  {
    name: 'keeps everything to itself and writes nothing down',
    caught: [
      ...['a store opened anew has all', 'ids of any characters are found', 'texts come back to the letter from'],
      ...['create of an id that another', 'a cursor is good'],
      ...['messages wait in a store opened anew', 'I5: closing gives no lease', 'what was on its way when the store'],
    ],
    spoil: (_, { clock }) => {
      const { create, acquire, renew, release, save, load } = bound(memoryStore({ clock }));
      return { create, acquire, renew, release, save, load };
    },
  },
  {
    name: 'acknowledges before it writes',
    caught: ['I3: after SIGKILL', 'I5: a save on its way when its run is taken', 'a store opened anew has all'],
    spoil: (store) => ({
      save: async (request) => {
        void turns(2)
          .then(() => store.save(request))
          .catch(() => undefined);
      },
    }),
  },
  {
    name: 'sends each save on a connection of its own',
    caught: ['I3: saves of one run'],
    spoil: (store) => ({
      save: async (request) => {
        await turns(request.seq % 3);
        return store.save(request);
      },
    }),
  },
  {
    name: 'mixes up the runs that are saved at once',
    caught: ['saves of fifty runs'],
    spoil: (store, base) => {
      const newest = noted(base, 'newest', '');
      return {
        save: async (request) => {
          newest.value = request.id;
          await null;
          return store.save({
            ...request,
            parts: mapped(request.parts, (text) => text && JSON.stringify(newest.value)),
          });
        },
      };
    },
  },
  {
    name: 'loads head and parts one after the other',
    caught: ['a load while the run is saved'],
    spoil: (store) => ({
      load: async (id, seq) => {
        const loaded = await store.load(id, seq);
        await turns(3);
        const parts = (await store.load(id, seq))?.parts;
        return loaded && { ...loaded, parts: parts ?? new Map<string, string>() };
      },
    }),
  },
  {
    name: 'loses the write before the one that was torn',
    caught: ['I3: a save that was torn'],
    spoil: () => ({}),
    torn: 2,
  },
  {
    name: 'takes a torn write for a whole one',
    caught: ['I3: a save that was torn'],
    spoil: () => ({}),
    torn: 0,
  },
  {
    name: 'never closes',
    caught: ['after close every call', 'a store that was never used'],
    spoil: () => ({ close: async () => undefined }),
  },
  {
    name: 'breaks off what is on its way when it is closed',
    caught: ['close waits for the saves', 'what was on its way when the store', 'a call of any kind on its way'],
    spoil: (store) => {
      const state = { isClosed: false };
      return {
        save: async (request) => {
          await turns();
          if (state.isClosed) throw new Error('the socket was closed');
          return store.save(request);
        },
        close: () => {
          state.isClosed = true;
          return store.close();
        },
      };
    },
  },
  {
    name: 'closes all stores with one',
    caught: ['closing one store leaves another'],
    spoil: (store, base) => {
      const closed = noted(base, 'closed', false);
      return {
        save: (request) => (closed.value ? Promise.reject(new Error('the database is closed')) : store.save(request)),
        close: () => {
          closed.value = true;
          return store.close();
        },
      };
    },
  },
];

function bound<T extends object>(store: T): T {
  return new Proxy(store, {
    get: (target, key: string & keyof T) => {
      const member = target[key];
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
