/** `engram watch`: follows a run, or all runs, of a store from any process. It needs no flow, and changes nothing. */
import { systemClock } from '../../clock/clock.js';
import { createCodec } from '../../durability/codec.js';
import { CODEC } from '../../stimulation/seams.js';
import { EXIT } from '../exit-codes.js';
import { failureOf } from '../failure.js';
import { cnsOf, milestonesOf } from '../flow-of-run.js';
import { openStoredRuns, shownUrl, storeUrl } from '../open-store.js';
import type { Output } from '../output.js';
import { redactBy } from '../redaction.js';
import { EXIT_OF, listenForStop, type Stop } from '../stop-signal.js';
import { shellWord } from '../text.js';
import { LiveTree } from '../watch/live-tree.js';
import { type Look, Observer } from '../watch/observer.js';
import { Pace } from '../watch/pace.js';
import { plainTelling } from '../watch/plain-lines.js';
import { watchList } from '../watch/run-list.js';
import { documentOf, type Place, standingOf } from '../watch/standing.js';
import type { Telling } from '../watch/telling.js';

export interface WatchOptions {
  readonly store?: string;
  /** The flow of the run: what its CNS hides is hidden, and its milestones are known. */
  readonly flow?: string;
}

export async function watch(id: string | undefined, options: WatchOptions, output: Output): Promise<number> {
  const url = storeUrl(options.store);
  const store = openStoredRuns(url, 'watch', systemClock);
  const stop = listenForStop();
  try {
    if (id === undefined) return EXIT_OF[await watchList(store, systemClock, output, stop.promise)];
    const cns = await cnsOf(options.flow, store);
    redactBy(cns, output);
    const codec = cns?.[CODEC] ?? createCodec({ isForShow: true });
    const observer = new Observer(store, id, codec, systemClock, cns === undefined ? undefined : milestonesOf(cns));
    const storeOption = options.store === undefined ? '' : ` --store ${shellWord(shownUrl(url))}`;
    const place: Place = { id, store: store.name, flow: options.flow, storeOption };
    const first = await observer.look();
    const telling = tellingOn(output, place);
    try {
      return await followFrom(first, observer, telling, stop.promise);
    } finally {
      telling.end();
    }
  } finally {
    stop.forget();
    await store.close();
  }
}

async function followFrom(first: Look, observer: Observer, telling: Telling, stop: Promise<Stop>): Promise<number> {
  const pace = new Pace(systemClock);
  telling.show(first.sight);
  for (let { sight } = first; ;) {
    if (sight?.hasEnded === true) {
      telling.show(sight);
      return standingOf(sight) === 'completed' ? EXIT.completed : EXIT.failed;
    }
    const stopped = await pace.wait(stop);
    if (stopped !== undefined) return EXIT_OF[stopped];
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
  if (output.isLive) return new LiveTree(output, systemClock, place);
  if (!output.isJson) return plainTelling(output, place);
  return {
    show: (sight) => output.document(documentOf(sight, place)),
    complain: (message) => output.document({ id: place.id, error: { message } }),
    end: () => undefined,
  };
}
