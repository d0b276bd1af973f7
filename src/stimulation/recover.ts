/**
 * Brings back every unfinished run that no living process holds and that has something to do: runs that only wait stay
 * dormant. In memory that does not grow with what is stored: page by page, and a report of bounded length.
 */
import { looksFamiliar, openEnvelope } from '../durability/envelope.js';
import { isProvablyDead } from '../durability/owner.js';
import type { Owner, RunSummary, Store } from '../durability/store.js';
import { AlreadyOwnedError, CorruptCheckpointError, InvalidArgumentError } from '../errors/index.js';
import type { RehydrateOptions } from './options.js';
import type { DamagedRun } from './results.js';
import type { Stimulation } from './stimulation.js';

/** As many are on their way at once, unless told. */
const CONCURRENCY = 64;
const REPORTED = 10_000;
const PAGE = 500;

export interface RecoverOptions {
  /** Only runs for which this is true. */
  readonly filter?: (run: { readonly id: string; readonly status: string }) => boolean;
  /** How many are brought back at once. 64 unless told. */
  readonly concurrency?: number;
  /** Called with each run that goes on. */
  readonly onRun?: (stimulation: Stimulation) => void;
  /** As `rehydrate` has it: what cannot be read is started again with its entry. */
  readonly fromEntry?: boolean;
  /** How many of each kind the report lists, the first ones; all are counted. 10,000 unless told. */
  readonly reported?: number;
}

export interface RecoveryReport {
  /** Ids of the runs that were brought back: they go on here, or had ended by the time they were asked for. */
  readonly resumed: readonly string[];
  /**
   * Ids of the runs that were left as they are: they only wait, no time that they wait for has come, and no message for
   * them has arrived. They go on with the `recover` after that, or when they are rehydrated.
   */
  readonly waiting: readonly string[];
  /** Runs that another living process holds. */
  readonly owned: readonly { readonly id: string; readonly error: AlreadyOwnedError }[];
  /** Of those that were brought back: the ones of which not every checkpoint could be read. */
  readonly damaged: readonly DamagedRun[];
  /** Runs that could not be brought back; they stay stored as they are. */
  readonly failed: readonly { readonly id: string; readonly error: unknown }[];
  /** How many of each there are, also where that is more than is listed. */
  readonly counts: Readonly<Record<'resumed' | 'waiting' | 'owned' | 'damaged' | 'failed', number>>;
}

/** What is asked of the CNS that recovers. */
export interface Recovering {
  readonly store: Store;
  readonly owner: Owner;
  readonly graph: string;
  now(): number;
  isWanted(id: string): boolean;
  /**
   * @param how.isListed its lease is asked for before it is read
   * @param how.hasNoMail its inbox need not be read now
   */
  bringBack(
    id: string,
    how: RehydrateOptions & { readonly isListed: boolean; readonly hasNoMail: boolean },
  ): Promise<Stimulation | undefined>;
}

/** `waits`: it is left as it is. `suspect`: it is read before its lease is asked for. */
type Standing = 'waits' | 'due' | 'suspect' | AlreadyOwnedError;

export async function recoverAll(world: Recovering, options: RecoverOptions): Promise<RecoveryReport> {
  const { filter, onRun, fromEntry = false } = options;
  const concurrency = whole('concurrency', options.concurrency, CONCURRENCY, 1);
  const lists = new Lists(whole('reported', options.reported, REPORTED, 0));
  const bringBack = async (run: RunSummary): Promise<void> => {
    const { id } = run;
    let brought: Stimulation | undefined;
    try {
      const standing = standingOf(world, run);
      if (standing === 'waits') return lists.add('waiting', id);
      if (standing instanceof AlreadyOwnedError) return lists.add('owned', { id, error: standing });
      brought = await world.bringBack(id, {
        fromEntry,
        isListed: standing === 'due',
        hasNoMail: run.inbox === 0,
        onDamage: (damaged) => lists.add('damaged', damaged),
      });
      if (brought === undefined) return;
      lists.add('resumed', id);
    } catch (error) {
      if (error instanceof AlreadyOwnedError) lists.add('owned', { id, error });
      else lists.add('failed', { id, error });
    }
    if (brought !== undefined) onRun?.(brought);
  };
  const runs = unfinished(world);
  const worker = async (): Promise<void> => {
    for (let next = await runs.next(); next.done !== true; next = await runs.next()) {
      const { id, index } = next.value;
      const isWanted = world.isWanted(id) && (filter === undefined || filter({ id, status: index.status }));
      if (isWanted) await bringBack(next.value);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return lists.report();
}

function whole(name: string, given: number | undefined, otherwise: number, least: number): number {
  if (given === undefined) return otherwise;
  if (Number.isInteger(given) && given >= least) return given;
  throw new InvalidArgumentError(`recover: ${name} must be a whole number from ${least}, and is ${String(given)}`, {
    hint: `leave it out for ${otherwise}`,
  });
}

type Kind = keyof RecoveryReport['counts'];

class Lists {
  readonly #most: number;
  readonly #lists = {
    resumed: [] as string[],
    waiting: [] as string[],
    owned: [] as { id: string; error: AlreadyOwnedError }[],
    damaged: [] as DamagedRun[],
    failed: [] as { id: string; error: unknown }[],
  };
  readonly #counts = { resumed: 0, waiting: 0, owned: 0, damaged: 0, failed: 0 };

  constructor(most: number) {
    this.#most = most;
  }

  add<K extends Kind>(kind: K, one: RecoveryReport[K][number]): void {
    if (this.#counts[kind]++ < this.#most) (this.#lists[kind] as (typeof one)[]).push(one);
  }

  report(): RecoveryReport {
    return { ...this.#lists, counts: this.#counts };
  }
}

/**
 * How a run stands, by what the list says of it.
 * @throws UnsupportedFormatError for one that a newer version has stored: it is not even touched
 */
function standingOf(world: Recovering, { id, seq, head, index, lease, inbox }: RunSummary): Standing {
  const now = world.now();
  const { status, due } = index;
  if (status === 'waiting' && (due === null || due > now) && inbox === 0) return 'waits';
  if (lease !== null && lease.owner.key !== world.owner.key && lease.until > now && !isProvablyDead(lease.owner)) {
    return new AlreadyOwnedError(id, lease.owner.label, lease.until);
  }
  if (looksFamiliar(head)) return 'due';
  try {
    openEnvelope(head, `checkpoint ${seq} of run "${id}" in ${world.store.name}`);
    return 'due';
  } catch (error) {
    if (error instanceof CorruptCheckpointError) return 'suspect';
    throw error;
  }
}

/** Page by page, so that memory does not grow with what is stored. */
async function* unfinished({ store, graph }: Recovering): AsyncGenerator<RunSummary, void> {
  let cursor: string | undefined;
  do {
    const page = await store.list({
      status: ['running', 'waiting'],
      graph,
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    yield* page.runs;
    ({ cursor } = page);
  } while (cursor !== undefined);
}
