/** Brings back every unfinished run that nobody owns and that has something to do: runs that only wait stay dormant. */
import type { RunSummary, Store } from '../durability/store.js';
import { AlreadyOwnedError, InvalidArgumentError } from '../errors/index.js';
import type { Stimulation } from './stimulation.js';

export interface RecoverOptions {
  /** Only runs for which this is true. */
  readonly filter?: (run: { readonly id: string; readonly status: string }) => boolean;
  /** How many are brought back at once. 16 unless told. */
  readonly concurrency?: number;
  /** Called with each run that goes on. */
  readonly onRun?: (stimulation: Stimulation) => void;
}

export interface RecoveryReport {
  /** Ids of the runs that were brought back: they go on here, or had ended by the time they were asked for. */
  readonly resumed: readonly string[];
  /**
   * Ids of the runs that were left as they are: they only wait, no time that they wait for has come, and no signal for
   * them has arrived. They go on with the `recover` after that, or when they are rehydrated.
   */
  readonly waiting: readonly string[];
  /** Runs that another living process holds. */
  readonly owned: readonly { readonly id: string; readonly error: AlreadyOwnedError }[];
  /** Runs that could not be brought back; they stay stored as they are. */
  readonly failed: readonly { readonly id: string; readonly error: unknown }[];
}

export async function recoverAll(
  store: Store,
  graph: string,
  rehydrate: (id: string) => Promise<Stimulation | undefined>,
  isWanted: (id: string) => boolean,
  now: () => number,
  { filter, concurrency = 16, onRun }: RecoverOptions,
): Promise<RecoveryReport> {
  if (!(Number.isInteger(concurrency) && concurrency > 0)) {
    throw new InvalidArgumentError('recover: concurrency must be a whole number greater than 0', {
      hint: 'leave it out for 16',
    });
  }
  const resumed: string[] = [];
  const waiting: string[] = [];
  const owned: { id: string; error: AlreadyOwnedError }[] = [];
  const failed: { id: string; error: unknown }[] = [];
  const bringBack = async (run: RunSummary): Promise<void> => {
    const { id } = run;
    let brought: Stimulation | undefined;
    try {
      if (await onlyWaits(store, run, now())) {
        waiting.push(id);
        return;
      }
      const stimulation = await rehydrate(id);
      if (stimulation === undefined) return;
      resumed.push(id);
      brought = stimulation;
    } catch (error) {
      if (error instanceof AlreadyOwnedError) owned.push({ id, error });
      else failed.push({ id, error });
    }
    if (brought !== undefined) onRun?.(brought);
  };
  const runs = unfinished(store, graph);
  const worker = async (): Promise<void> => {
    for (let next = await runs.next(); next.done !== true; next = await runs.next()) {
      const { id, index } = next.value;
      if (isWanted(id) && (filter === undefined || filter({ id, status: index.status }))) await bringBack(next.value);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { resumed, waiting, owned, failed };
}

/** Whether a run has nothing to do before a time comes or a signal arrives. @param now milliseconds since the epoch */
async function onlyWaits(store: Store, { id, index: { status, due } }: RunSummary, now: number): Promise<boolean> {
  if (status !== 'waiting' || (due !== null && due <= now)) return false;
  return !store.capabilities.inbox || (await store.inbox(id)).length === 0;
}

/** Page by page, so that memory does not grow with what is stored. */
async function* unfinished(store: Store, graph: string): AsyncGenerator<RunSummary, void> {
  let cursor: string | undefined;
  do {
    const page = await store.list({
      status: ['running', 'waiting'],
      graph,
      ...(cursor === undefined ? {} : { cursor }),
    });
    yield* page.runs;
    ({ cursor } = page);
  } while (cursor !== undefined);
}
