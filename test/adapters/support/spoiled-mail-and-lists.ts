/** Stores that break the contract in what waits for a run, and in what runs they list. */
import { RunEndedError, UnreadMessagesError } from 'engram';
import type { SaveRequest, Store } from 'engram/adapters/conformance';
import { hasEnded } from '../../../src/durability/store.js';
import { noted, onPage, onSave, parsed, summaryOf, turns, unless, type Violation } from './spoiling.js';

async function refuseUnread(store: Store, { id, ackInbox, leaves = [] }: SaveRequest): Promise<void> {
  const unread = (await store.inbox(id)).filter(({ deliveryId }) => ![...ackInbox, ...leaves].includes(deliveryId));
  if (unread.length > 0) throw new UnreadMessagesError(id, unread.length);
}

const AGAIN = '\u0000again';

export const spoiledMail: readonly Violation[] = [
  {
    name: 'takes messages for nobody',
    caught: ['post to an unknown run'],
    spoil: (store) => ({ post: (id, message) => store.post(id, message).catch(unless('UnknownRunError')) }),
  },
  {
    name: 'reads messages as JSON',
    caught: ['delivery ids and bodies of any'],
    spoil: (store) => ({ post: (id, { deliveryId, body }) => store.post(id, { deliveryId, body: parsed(body) }) }),
  },
  {
    name: 'gives the newest message first',
    caught: ['messages wait in the order', 'delivery ids and bodies', 'messages stay with a run'],
    spoil: (store) => ({ inbox: async (id) => [...(await store.inbox(id))].reverse() }),
  },
  {
    name: 'gives every message once',
    caught: ['messages wait in the order'],
    spoil: (store, base) => ({
      inbox: async (id) => {
        const given = noted(base, `given to ${id}`, new Set<string>()).value;
        const fresh = (await store.inbox(id)).filter(({ deliveryId }) => !given.has(deliveryId));
        for (const { deliveryId } of fresh) given.add(deliveryId);
        return fresh;
      },
    }),
  },
  {
    name: 'keeps the last of two messages of one id',
    caught: ['the same delivery id twice', 'messages wait in a store opened anew'],
    spoil: (store, base) => {
      const bodies = noted(base, 'bodies', new Map<string, string>()).value;
      return {
        post: (id, message) => {
          bodies.set(message.deliveryId, message.body);
          return store.post(id, message);
        },
        inbox: async (id) =>
          (await store.inbox(id)).map(({ deliveryId, body }) => ({ deliveryId, body: bodies.get(deliveryId) ?? body })),
      };
    },
  },
  {
    name: 'gives a message twice that was posted twice',
    caught: ['the same delivery id twice', 'messages that many post at once'],
    spoil: (store, base) => {
      const counts = noted(base, 'counts', new Map<string, number>()).value;
      return {
        post: (id, message) => {
          counts.set(message.deliveryId, (counts.get(message.deliveryId) ?? 0) + 1);
          return store.post(id, message);
        },
        inbox: async (id) =>
          (await store.inbox(id)).flatMap((message) => Array(counts.get(message.deliveryId)).fill(message) as never[]),
      };
    },
  },
  {
    name: 'loses what is posted while a save acknowledges something',
    caught: ['messages posted while saves', 'a message leaves with the save', 'list tells how many messages'],
    spoil: (store) => ({
      save: async (request) => {
        const waiting = await store.inbox(request.id);
        const ackInbox = request.ackInbox.length === 0 ? [] : waiting.map(({ deliveryId }) => deliveryId);
        return store.save({ ...request, ackInbox });
      },
    }),
  },
  {
    name: 'ends a run over messages that were not read',
    caught: ['a run does not end over messages', 'what is posted while a run ends'],
    spoil: onSave(({ leaves: _, ...request }) => request),
  },
  {
    name: 'counts messages instead of knowing them',
    caught: ['a run does not end over messages'],
    spoil: (store) => ({
      save: async ({ leaves, ...request }) => {
        const waiting = (await store.inbox(request.id)).length;
        const read = (leaves?.length ?? 0) + request.ackInbox.length;
        if (leaves !== undefined && waiting > read) throw new UnreadMessagesError(request.id, waiting - read);
        return store.save(request);
      },
    }),
  },
  {
    name: 'looks first for messages and ends the run later',
    caught: ['what is posted while a run ends'],
    spoil: (store) => ({
      save: async ({ leaves, ...request }) => {
        if (leaves !== undefined) await refuseUnread(store, { leaves, ...request });
        await turns();
        return store.save(request);
      },
    }),
  },
  {
    name: 'asks for messages before it asks for the owner',
    caught: ['unread messages are asked for after'],
    spoil: (store) => ({
      save: async (request) => {
        if (request.leaves !== undefined) await refuseUnread(store, request);
        return store.save(request);
      },
    }),
  },
  {
    name: 'refuses every save over messages that wait',
    caught: ['unread messages are asked for after', 'messages posted while saves'],
    spoil: onSave((request) => ({ leaves: [], ...request })),
  },
  {
    name: 'acknowledges nothing',
    caught: ['a message leaves with the save', 'messages stay with a run', 'I3: after SIGKILL', 'renew tells how many'],
    spoil: onSave((request) => ({ ...request, ackInbox: [] })),
  },
  {
    name: 'forgets what was acknowledged',
    caught: ['a message leaves with the save', 'a run goes on after it was pruned', 'messages wait in a store opened'],
    spoil: (store) => ({
      post: async (id, message) => {
        await store.post(id, message);
        if ((await store.inbox(id)).some(({ deliveryId }) => deliveryId === message.deliveryId)) return;
        await store.post(id, { ...message, deliveryId: message.deliveryId + AGAIN });
      },
      inbox: async (id) =>
        (await store.inbox(id)).map(({ deliveryId, body }) => ({ deliveryId: deliveryId.replace(AGAIN, ''), body })),
    }),
  },
  {
    name: 'remembers what was acknowledged when the run is deleted',
    caught: ['delete forgets a run'],
    spoil: (store, base) => {
      const taken = noted(base, 'taken', new Set<string>()).value;
      return {
        save: async (request) => {
          await store.save(request);
          for (const deliveryId of request.ackInbox) taken.add(request.id + deliveryId);
        },
        post: async (id, message) => (taken.has(id + message.deliveryId) ? undefined : store.post(id, message)),
      };
    },
  },
  {
    name: 'has one inbox for all runs',
    caught: ['one delivery id is a message of its own'],
    spoil: (store, base) => {
      const seen = noted(base, 'seen', new Map<string, string>()).value;
      return {
        post: async (id, message) => {
          const first = seen.get(message.deliveryId) ?? id;
          seen.set(message.deliveryId, first);
          if (first === id) await store.post(id, message);
        },
      };
    },
  },
  {
    name: 'acknowledges before it looks whether the save is good',
    caught: ['I5: a message whose acknowledgement'],
    spoil: (store, base) => {
      const gone = noted(base, 'gone', new Set<string>()).value;
      return {
        save: async (request) => {
          for (const deliveryId of request.ackInbox) gone.add(request.id + deliveryId);
          return store.save(request);
        },
        inbox: async (id) => (await store.inbox(id)).filter(({ deliveryId }) => !gone.has(id + deliveryId)),
      };
    },
  },
  {
    name: 'says that it took a message for a run that has ended',
    caught: ['post to a run that has ended', 'a run that waits takes messages'],
    spoil: (store) => ({ post: (id, message) => store.post(id, message).catch(unless('RunEndedError')) }),
  },
  {
    name: 'refuses a message for a run that has ended, also one that it has',
    caught: ['post to a run that has ended'],
    spoil: (store) => ({
      post: async (id, message) => {
        const index = (await summaryOf(store, id))?.index;
        if (index !== undefined && hasEnded(index)) throw new RunEndedError(id, index.status);
        return store.post(id, message);
      },
    }),
  },
];

export const spoiledLists: readonly Violation[] = [
  {
    name: 'gives the first page and no cursor',
    caught: ['paging in the order of ids', 'list gives a hundred', 'the last page has no cursor', 'a cursor is good'],
    spoil: onPage(({ runs }) => ({ runs })),
  },
  {
    name: 'gives a cursor with the last page',
    caught: ['the last page has no cursor', 'list of an empty store', 'an empty id is refused'],
    spoil: onPage(({ runs }) => ({ runs, cursor: runs.at(-1)?.id ?? '' })),
  },
  {
    name: 'pages by number',
    caught: ['paging in the order of ids', 'a page goes on where', 'paging by status'],
    spoil: (store) => ({
      list: async ({ cursor, limit = 100, ...query } = {}) => {
        const { runs } = await store.list({ ...query, limit: 10_000 });
        const next = Number(cursor ?? 0) + limit;
        const page = runs.slice(next - limit, next);
        return next < runs.length ? { runs: page, cursor: String(next) } : { runs: page };
      },
    }),
  },
  {
    name: 'gives the last run of a page with the next one again',
    caught: ['a page goes on where', 'paging by status', 'ids of any characters are listed'],
    spoil: (store) => ({
      list: async (query = {}) => {
        const page = await store.list(query);
        const before = query.cursor === undefined ? undefined : await summaryOf(store, query.cursor);
        return before === undefined ? page : { ...page, runs: [before, ...page.runs].slice(0, query.limit) };
      },
    }),
  },
  {
    name: 'lists ids in the order of a language',
    caught: ['ids of any characters are listed'],
    spoil: onPage(({ runs, ...rest }) => ({ runs: [...runs].sort((a, b) => a.id.localeCompare(b.id)), ...rest })),
  },
  {
    name: 'lists runs of any status',
    caught: ['list filters by status', 'list follows a run'],
    spoil: (store) => ({ list: ({ status: _, ...query } = {}) => store.list(query) }),
  },
  {
    name: 'lists runs of any graph',
    caught: ['list filters by status', 'list follows a run'],
    spoil: (store) => ({ list: ({ graph: _, ...query } = {}) => store.list(query) }),
  },
  {
    name: 'lists what is due before a time and not at it',
    caught: ['list filters by status', 'list follows a run'],
    spoil: (store) => ({
      list: ({ dueBefore, ...query } = {}) =>
        store.list(dueBefore === undefined ? query : { ...query, dueBefore: dueBefore - 1 }),
    }),
  },
  {
    name: 'keeps the index that a run was created with',
    caught: ['list gives the newest checkpoint', 'list follows a run', 'post to a run that has ended'],
    spoil: onSave((request) => ({ ...request, index: { status: 'running', graph: 'flow', due: null } })),
  },
  {
    name: 'lists no lease',
    caught: ['list gives the newest checkpoint', 'list tells of a lease'],
    spoil: onPage(({ runs, ...rest }) => ({ runs: runs.map((run) => ({ ...run, lease: null })), ...rest })),
  },
  {
    name: 'lists no messages',
    caught: ['list tells how many messages'],
    spoil: onPage(({ runs, ...rest }) => ({ runs: runs.map((run) => ({ ...run, inbox: 0 })), ...rest })),
  },
  {
    name: 'gives ten runs unless told',
    caught: ['list gives a hundred'],
    spoil: (store) => ({ list: (query = {}) => store.list({ limit: 10, ...query }) }),
  },
  {
    name: 'lists runs in the order that it found them in when it was opened',
    caught: ['what a store opened anew lists'],
    spoil: (store, base) => {
      const opened = noted(base, 'opened', 0);
      opened.value += 1;
      const isLater = opened.value > 1;
      return onPage(({ runs, ...rest }) => ({ runs: isLater ? [...runs].reverse() : runs, ...rest }))(store, base);
    },
  },
];
