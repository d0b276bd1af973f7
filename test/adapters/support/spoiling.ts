/** Ways to spoil a store, for the lists of violations beside this file. */
import type { Lease, PartChanges, RunPage, SaveRequest, Store } from 'engram/adapters/conformance';
import type { Base, Spoil } from './shared-memory.js';

export interface Violation {
  /** What the store does wrong. */
  readonly name: string;
  /** How the titles of the cases begin that fail for it. */
  readonly caught: readonly string[];
  readonly spoil: Spoil;
  /** How many writes a torn one takes with it; one unless told. */
  readonly torn?: number;
}

export const isCalled = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;

/** Swallows errors of this name, and no others. */
export const unless = (name: string) => (error: unknown) => {
  if (!isCalled(error, name)) throw error;
};

/** Lets other calls come in between. */
export async function turns(count = 1): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise(setImmediate);
}

export const parsed = (text: string): string => JSON.stringify(JSON.parse(text));

export const mapped = <T, U>(parts: ReadonlyMap<string, T>, make: (text: T) => U): ReadonlyMap<string, U> =>
  new Map([...parts].map(([name, text]) => [name, make(text)]));

export const someParts = (parts: PartChanges, isKept: (text: string | null, i: number) => boolean): PartChanges =>
  new Map([...parts].filter(([, text], i) => isKept(text, i)));

export const onSave =
  (change: (request: SaveRequest) => SaveRequest): Spoil =>
  (store) => ({ save: (request) => store.save(change(request)) });

export const onPage =
  (change: (page: RunPage) => RunPage): Spoil =>
  (store) => ({ list: async (query) => change(await store.list(query)) });

/** Every id is another one inside. */
export const renamed =
  (rename: (id: string) => string): Spoil =>
  (store) => ({
    create: (request) => store.create({ ...request, id: rename(request.id) }),
    save: (request) => store.save({ ...request, id: rename(request.id) }),
    load: (id, seq) => store.load(rename(id), seq),
    history: (id) => store.history(rename(id)),
    events: (id) => store.events(rename(id)),
    inbox: (id) => store.inbox(rename(id)),
    post: (id, message) => store.post(rename(id), message),
    delete: (id) => store.delete(rename(id)),
  });

/** What is done to each lease that is given out. */
export const onLease =
  (change: (lease: Lease, id: string, base: Base) => Lease): Spoil =>
  (store, base) => {
    const changed = (id: string, lease: Lease | undefined) => lease && change(lease, id, base);
    return {
      create: async (request) => changed(request.id, await store.create(request)),
      acquire: async (id, claim) => changed(id, await store.acquire(id, claim)),
    };
  };

/** A value that is remembered under a name. */
export function noted<T>({ notes }: Base, name: string, first: T): { value: T } {
  const kept = (notes.get(name) ?? { value: first }) as { value: T };
  notes.set(name, kept);
  return kept;
}

export const summaryOf = async (store: Store, id: string) =>
  (await store.list({ limit: 1_000 })).runs.find((run) => run.id === id);
