/** `engram worker`: takes the runs of a flow from its queue until it is stopped. */
import { parseDuration } from '../../graph/duration.js';
import { createWorker } from '../../worker/index.js';
import { CLOSING_GRACE, CONCURRENCY } from '../../worker/options.js';
import { readCount } from '../count.js';
import type { Output } from '../output.js';
import { type FlowQueue, openQueue, type QueueOptions } from '../queue.js';
import { EXIT_OF, listenForStop } from '../stop-signal.js';
import { visible } from '../text.js';
import { reportEvents } from '../worker-report.js';

export interface WorkerCommandOptions extends QueueOptions {
  readonly concurrency?: string;
  /** What runs has so long to answer when the worker is stopped. */
  readonly grace?: string;
}

export async function worker(path: string, options: WorkerCommandOptions, output: Output): Promise<number> {
  const concurrency = readCount('--concurrency', options.concurrency, { least: 1 }) ?? CONCURRENCY;
  const grace = parseDuration(options.grace ?? CLOSING_GRACE, '--grace');
  const queue = await openQueue(path, options, output, 'worker');
  try {
    const stop = listenForStop();
    const taking = createWorker({ ...queue.opened, concurrency });
    const report = reportEvents(taking, queue, output);
    const first = await Promise.race([stop.promise, taking.waitUntilReady()]);
    report.begin();
    if (first === undefined) told(queue, concurrency, output);
    const signal = first ?? (await stop.promise);
    output.document({ event: 'stopping', signal, runs: report.here() });
    output.line(stoppingText(report.here().length));
    await taking.close({ grace });
    output.document({ event: 'stopped', signal });
    output.line(output.style('yellow', 'stopped'));
    return EXIT_OF[signal];
  } finally {
    await queue.close();
  }
}

function told({ name, place }: FlowQueue, concurrency: number, output: Output): void {
  output.document({ event: 'ready', queue: name, store: place, concurrency });
  output.line(`taking runs from "${visible(name)}" on ${visible(place)}, ${concurrency} at once`);
}

function stoppingText(count: number): string {
  const runs = count === 0 ? '' : `, ${count} of its runs ${count === 1 ? 'goes' : 'go'} on elsewhere`;
  return `stopping${runs}; once more ends it at once`;
}
