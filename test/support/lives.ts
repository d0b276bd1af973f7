/**
 * I8: a run that is killed at any of its checkpoints, and goes on in a process of its own, ends as if it had never been
 * interrupted, and does nothing again that had settled by then.
 */
import { type CNS, type CNSOptions, LostCheckpointError } from 'engram';
import type { Stimulation, StimulationFailedError, Store } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { expect } from 'vitest';
import { storeAt, withOverrides } from './stores.js';

/** A flow in a process of its own. */
export interface Subject {
  readonly cns: CNS;
  /** What handlers have done to the world, by activation id. */
  readonly effects: ReadonlyMap<string, string>;
}

export interface Story {
  readonly id: string;
  /** A new process: new neurons, new collaterals, nothing in memory. */
  make(options: CNSOptions): Subject;
  start(subject: Subject): Stimulation;
  /** What the world does while the run goes on, e.g. lets time pass; nothing unless told. */
  drive?(run: Stimulation, subject: Subject): Promise<void>;
  /** The process has ended. */
  close?(subject: Subject): Promise<void>;
}

/** Everything that a user could see of the end. */
export interface End {
  readonly status: string;
  readonly output: unknown;
  readonly context: Readonly<Record<string, unknown>>;
  readonly failed: ReturnType<Stimulation['getFailedTasks']>;
  readonly error: { readonly code: string; readonly errors: readonly unknown[] } | null;
}

export interface Life {
  readonly store: Store;
  readonly end: End;
  readonly effects: ReadonlyMap<string, string>;
  /** For each checkpoint, in order: its seq and the ids of what had settled by then. */
  readonly checkpoints: readonly { readonly seq: number; readonly settled: ReadonlySet<string> }[];
}

/** In a box: what `stimulate` returns would be awaited for its result on the way. */
type Begin = (subject: Subject) => Promise<readonly [Stimulation]>;

export async function live(story: Story, inner: Store, begin: Begin = startOf(story)): Promise<Life> {
  const { store, checkpoints } = watched(inner, story.id);
  const subject = story.make({ store });
  const [run] = await begin(subject);
  const ended = endOf(run);
  await story.drive?.(run, subject);
  const end = await ended;
  await story.close?.(subject);
  return { store: inner, end, effects: subject.effects, checkpoints };
}

const startOf =
  (story: Story): Begin =>
  (subject) =>
    Promise.resolve([story.start(subject)]);

export const rehydrated =
  (id: string): Begin =>
  async ({ cns }) => {
    const run = await cns.rehydrate(id);
    if (run === undefined) throw new TypeError(`there is no run ${id}`);
    return [run];
  };

/**
 * The story once without an interruption, then once more from each of its checkpoints.
 * @returns the first life
 */
export async function expectSameEndFromEverywhere(story: Story, fresh: () => Store = memoryStore): Promise<Life> {
  const first = await live(story, fresh());
  await expectSameEndFrom(first.checkpoints, first, story, fresh);
  await expectSameOverLosses(story, first);
  return first;
}

/** @param life whose checkpoints these are, and which has ended as it should */
async function expectSameEndFrom(
  checkpoints: Life['checkpoints'],
  life: Life,
  story: Story,
  fresh: () => Store,
): Promise<void> {
  for (const { seq, settled } of checkpoints) {
    const second = await live(story, await storeAt(life.store, story.id, seq, fresh()), rehydrated(story.id));
    expect(second.end, `rehydrated from checkpoint ${seq}`).toEqual(life.end);
    const expected = [...life.effects].filter(([activation]) => !settled.has(activation));
    expect(sorted(second.effects), `effects after checkpoint ${seq}`).toEqual(sorted(expected));
  }
}

/** Once more over a store that says of each save that it has lost what that builds on: each checkpoint is whole. */
async function expectSameOverLosses(story: Story, first: Life): Promise<void> {
  const { id } = story;
  const inner = memoryStore();
  const refused = new Set<number>();
  const forgetful = withOverrides(inner, {
    save: (request) => {
      if (request.whole || request.id !== id || refused.has(request.seq - 1)) return inner.save(request);
      refused.add(request.seq);
      return Promise.reject(new LostCheckpointError(id, request.parent, 1));
    },
  });
  const life = await live(story, forgetful);
  expect(life.end, 'over a store that forgets').toEqual(first.end);
  expect(sorted(life.effects), 'effects over a store that forgets').toEqual(sorted(first.effects));
  expect(refused.size, 'saves that were refused').toBe(life.checkpoints.length - 1);
  const middle = life.checkpoints.slice(1, -1);
  await expectSameEndFrom(middle.slice(middle.length >> 1), { ...life, store: inner }, story, memoryStore);
}

const sorted = (effects: Iterable<readonly [string, string]>): (readonly [string, string])[] =>
  [...effects].sort(([a], [b]) => (a < b ? -1 : 1));

async function endOf(run: Stimulation): Promise<End> {
  const ended = await run.waitUntilComplete().catch((error: unknown) => error as StimulationFailedError);
  return {
    status: run.status,
    output: run.actor.getSnapshot().output,
    context: run.getContext().getAll(),
    failed: run.getFailedTasks(),
    error: 'errors' in ended ? { code: ended.code, errors: ended.errors } : null,
  };
}

/** Keeps, for each checkpoint, which activations the events up to it say have settled. */
function watched(inner: Store, id: string): { store: Store; checkpoints: { seq: number; settled: Set<string> }[] } {
  const checkpoints: { seq: number; settled: Set<string> }[] = [];
  const settled = new Set<string>();
  const store = withOverrides(inner, {
    create: async (request) => {
      const lease = await inner.create(request);
      if (lease !== undefined && request.id === id) checkpoints.push({ seq: 1, settled: new Set() });
      return lease;
    },
    save: async (request) => {
      await inner.save(request);
      if (request.id !== id) return;
      for (const text of request.events) {
        settled.add(`${id}/${(JSON.parse(text) as { activation: string }).activation}`);
      }
      checkpoints.push({ seq: request.seq, settled: new Set(settled) });
    },
  });
  return { store, checkpoints };
}
