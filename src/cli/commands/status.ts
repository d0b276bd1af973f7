/** `engram status`: how a run stands, in a few lines. It needs no flow. */
import { systemClock } from '../../clock/clock.js';
import { createCodec } from '../../durability/codec.js';
import { UnknownRunError } from '../../errors/index.js';
import { loadRun, type LoadedRun } from '../../stimulation/load.js';
import { type RunStatus, statusOf } from '../../worker/run-status.js';
import { UsageError } from '../cli-errors.js';
import { EXIT } from '../exit-codes.js';
import { openStoredRuns, storeUrl } from '../open-store.js';
import type { Output } from '../output.js';
import { isRedis } from '../queue.js';
import { lookAtJob } from '../queued-job.js';
import { redactBy } from '../redaction.js';
import { statusStyle } from '../table.js';
import { counted, durationText, timeText, visible } from '../text.js';

export interface StatusOptions {
  readonly store?: string;
  /** That of the run's flow unless told; it knows of the progress, and of what keeps a run from going on. */
  readonly queue?: string;
}

const NO_JOB = { state: 'missing' } as const;

export async function status(id: string, options: StatusOptions, output: Output): Promise<number> {
  const url = storeUrl(options.store);
  if (options.queue !== undefined && !isRedis(url)) {
    throw new UsageError(`--queue is given, and the store "${url}" has no queue beside it`, {
      hint: 'leave --queue out, or give --store redis://localhost:6379',
    });
  }
  const store = openStoredRuns(url, 'status', systemClock);
  try {
    redactBy(undefined, output);
    const codec = createCodec({ isForShow: true });
    const run = await loadRun(store, id, codec);
    if (run === undefined) throw new UnknownRunError(id, store.name);
    const read = async () => (await loadRun(store, id, codec)) ?? run;
    const found = isRedis(url) ? await askQueue(url, run, read, options.queue) : statusOf(run, NO_JOB);
    const shown = found.problem === undefined ? found : { ...found, problem: output.message(found.problem) };
    output.document(shown);
    for (const line of linesOf(shown, output)) output.line(line);
    return EXIT.completed;
  } finally {
    await store.close();
  }
}

/** @param read the run once more: it may have ended between the two looks, and then it is not stranded */
async function askQueue(
  url: string,
  run: LoadedRun,
  read: () => Promise<LoadedRun>,
  queue: string | undefined,
): Promise<RunStatus> {
  const { id, graph } = run.envelope;
  try {
    return await lookAtJob(url, queue ?? graph.name, id, async (job) => {
      const found = statusOf(run, job);
      return found.status === 'stranded' ? statusOf(await read(), job) : found;
    });
  } catch (error) {
    // a store on Redis may be all that there is of it
    if (queue !== undefined) throw error;
    return statusOf(run, NO_JOB);
  }
}

function* linesOf({ id, status, milestone, settled, pending, due, progress, problem }: RunStatus, output: Output) {
  const fact = (name: string, value: string) => `  ${output.style('dim', name.padEnd(9))} ${value}`;
  const style = statusStyle(status);
  yield `${output.style('bold', visible(id))}  ${style === undefined ? status : output.style(style, status)}`;
  if (milestone !== null) yield fact('milestone', visible(milestone));
  yield fact('settled', counted(settled, 'activation'));
  if (pending > 0) yield fact('pending', counted(pending, 'activation'));
  if (due !== undefined) yield fact('due', timeText(due));
  const { total, percent, left } = progress ?? {};
  if (total !== undefined && percent !== undefined) {
    const rest = left === undefined || percent === 100 ? '' : `, about ${durationText(left)} left`;
    yield fact('progress', `${percent} % of ${counted(total, 'activation')}${rest}`);
  }
  if (problem !== undefined) yield fact('problem', output.style('red', problem));
}
