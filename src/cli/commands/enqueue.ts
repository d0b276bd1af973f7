/** `engram enqueue`: stores a run and hands it to the workers of a queue. */
import { parseDuration } from '../../graph/duration.js';
import { createClient, type FlowClient } from '../../worker/index.js';
import { LOWEST_PRIORITY } from '../../worker/jobs.js';
import { readCount } from '../count.js';
import { EXIT } from '../exit-codes.js';
import { endOf } from '../failure.js';
import { completed } from '../follow.js';
import { outputOf } from '../named-collateral.js';
import type { Output } from '../output.js';
import { checkId, readPayload } from '../payload.js';
import { type FlowQueue, openQueue, type QueueOptions } from '../queue.js';
import { EXIT_OF, listenForStop } from '../stop-signal.js';
import { shellWord, visible } from '../text.js';

export interface EnqueueOptions extends QueueOptions {
  readonly signal?: string;
  readonly payload?: string;
  readonly id?: string;
  readonly output?: string;
  readonly delay?: string;
  readonly priority?: string;
  readonly attempts?: string;
  /** For the end of the run. */
  readonly wait?: boolean;
}

export async function enqueue(path: string, options: EnqueueOptions, output: Output): Promise<number> {
  checkId(options.id);
  const payload = readPayload(options.payload);
  const jobs = {
    ...given('priority', readCount('--priority', options.priority, { least: 0, most: LOWEST_PRIORITY })),
    ...given('attempts', readCount('--attempts', options.attempts, { least: 1 })),
    ...given('delay', options.delay === undefined ? undefined : parseDuration(options.delay, '--delay')),
    ...given('id', options.id),
  };
  const queue = await openQueue(path, options, output, 'enqueue');
  const client = createClient(queue.opened);
  try {
    const result = outputOf(queue.cns, options.output);
    const signal = queue.flow.entry(options.signal).createSignal(payload);
    const { id } = await client.stimulate(signal, { ...jobs, ...given('output', result) });
    const next = `engram status ${shellWord(id)}${queue.queueOption}${queue.storeOption}`;
    output.line(`queued ${visible(id)} in "${visible(queue.name)}"`);
    if (options.wait === true) return await waited(client, id, { queue, next }, output);
    output.line(`  ${next}`);
    output.document({ id, status: 'queued', queue: queue.name, next });
    return EXIT.completed;
  } finally {
    await client.close();
    await queue.close();
  }
}

interface Asking {
  readonly queue: FlowQueue;
  readonly next: string;
}

async function waited(client: FlowClient, id: string, { queue, next }: Asking, output: Output): Promise<number> {
  const stop = listenForStop();
  try {
    const first = await Promise.race([client.result(id), stop.promise]);
    if (typeof first !== 'string') return completed(first, output, {});
    output.document({ id, signal: first, next });
    output.line(`not waited for any more; ${visible(id)} goes on with its worker: ${next}`);
    return EXIT_OF[first];
  } catch (error) {
    const status = endOf(error);
    const known = { id, ...given('status', status) };
    return output.fail(error, known, `see what was not done: engram show ${shellWord(id)}${queue.storeOption}`);
  } finally {
    stop.forget();
  }
}

/** An option that may be missing, for calls that know no undefined. */
const given = <K extends string, T>(name: K, value: T | undefined): { readonly [key in K]?: T } =>
  (value === undefined ? {} : { [name]: value }) as { readonly [key in K]?: T };
