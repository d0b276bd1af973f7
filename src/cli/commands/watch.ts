/** `engram watch`: follows a run, or all runs, of a store from any process. It needs no flow, and changes nothing. */
import { systemClock } from '../../clock/clock.js';
import { createCodec } from '../../durability/codec.js';
import { CODEC } from '../../stimulation/seams.js';
import { EXIT } from '../exit-codes.js';
import { UsageError } from '../cli-errors.js';
import { failureOf } from '../failure.js';
import { cnsOf, milestonesOf } from '../flow-of-run.js';
import { openStoredRuns, shownUrl, storeUrl } from '../open-store.js';
import type { Output } from '../output.js';
import { redactBy } from '../redaction.js';
import { checkId } from '../payload.js';
import { EXIT_OF, listenForStop, type Stop } from '../stop-signal.js';
import { shellWord } from '../text.js';
import { jsonTelling } from '../watch/json-lines.js';
import { LiveTree } from '../watch/live-tree.js';
import { type Look, Observer } from '../watch/observer.js';
import { Pace } from '../watch/pace.js';
import { plainTelling } from '../watch/plain-lines.js';
import { watchList } from '../watch/run-list.js';
import { type Place, standingOf } from '../watch/standing.js';
import type { Telling } from '../watch/telling.js';

export interface WatchOptions {
  readonly store?: string;
  /** The flow of the run: what its CNS hides is hidden, and its milestones are known. */
  readonly flow?: string;
}

/** Why it does not go on. */
type End = Stop | 'reader gone';

const exitOf = (end: End): number => (end === 'reader gone' ? EXIT.completed : EXIT_OF[end]);

export async function watch(id: string | undefined, options: WatchOptions, output: Output): Promise<number> {
  if (id === '') throw refusalOf('the id is empty');
  const url = storeUrl(options.store);
  const store = openStoredRuns(url, 'watch', systemClock);
  const stop = listenForStop();
  const end = Promise.race([stop.promise, output.readerGone.then(() => 'reader gone' as const)]);
  try {
    if (id === undefined) return exitOf(await watchList(store, systemClock, output, end));
    const cns = await cnsOf(options.flow, store);
    redactBy(cns, output);
    const codec = cns?.[CODEC] ?? createCodec({ isForShow: true });
    const observer = new Observer(store, id, codec, systemClock, cns === undefined ? undefined : milestonesOf(cns));
    const storeOption = options.store === undefined ? '' : ` --store ${shellWord(shownUrl(url))}`;
    const place: Place = { id, store: store.name, flow: options.flow, storeOption };
    const first = await observer.look();
    if (first.sight === undefined) checkNew(id);
    const telling = tellingOn(output, place);
    try {
      return await followFrom(first, observer, telling, end);
    } finally {
      telling.end();
    }
  } finally {
    stop.forget();
    await store.close();
  }
}

/** A run that is there is shown, whatever its id is; `engram run` begins none of such an id. @throws UsageError */
function checkNew(id: string): void {
  try {
    checkId(id);
  } catch (error) {
    throw error instanceof UsageError ? refusalOf(error.message) : error;
  }
}

const refusalOf = (problem: string): UsageError =>
  new UsageError(problem, { hint: 'give the id of a run, as engram ls shows it, or none for all runs' });

async function followFrom(first: Look, observer: Observer, telling: Telling, end: Promise<End>): Promise<number> {
  const pace = new Pace(systemClock, end);
  telling.show(first.sight);
  for (let { sight } = first; ;) {
    if (sight?.hasEnded === true) return standingOf(sight) === 'completed' ? EXIT.completed : EXIT.failed;
    const ended = await pace.wait();
    if (ended !== undefined) return exitOf(ended);
    try {
      const look = await pace.measure(() => observer.look());
      pace.note(look.isNew, look.sight !== undefined);
      ({ sight } = look);
      if (look.isNew) telling.show(sight);
    } catch (error) {
      pace.note(false);
      const { message, hint } = failureOf(error);
      telling.complain(`${message}${hint === undefined ? '' : ` (${hint})`}`);
    }
  }
}

function tellingOn(output: Output, place: Place): Telling {
  if (output.isLive && output.hasRoom) return new LiveTree(output, systemClock, place);
  return output.isJson ? jsonTelling(output, place) : plainTelling(output, place);
}
