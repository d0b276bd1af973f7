/** `--enqueue`: what is said to a run is stored for it and left to the workers of its queue. */
import type { CNS } from '../index.js';
import { createClient, type FlowClient } from '../worker/index.js';
import { EXIT } from './exit-codes.js';
import type { Output } from './output.js';
import { openQueue, type QueueOptions } from './queue.js';
import { shellWord, visible } from './text.js';

export interface HandOverOptions extends QueueOptions {
  readonly enqueue?: boolean;
}

/** What is said to a run. */
export interface Delivery {
  readonly command: string;
  /** One line, for people. */
  readonly what: string;
  readonly document: Readonly<Record<string, unknown>>;
  readonly deliver: (client: FlowClient, cns: CNS) => Promise<void>;
}

/** Who names a queue means its workers. */
export const isHandedOver = ({ enqueue, queue }: HandOverOptions): boolean => enqueue === true || queue !== undefined;

export async function handOver(
  path: string,
  id: string,
  options: HandOverOptions,
  output: Output,
  { command, what, document, deliver }: Delivery,
): Promise<number> {
  const queue = await openQueue(path, options, output, command);
  const client = createClient(queue.opened);
  try {
    await deliver(client, queue.cns);
    const next = `engram status ${shellWord(id)}${queue.queueOption}${queue.storeOption}`;
    output.document({ ...document, status: 'stored', queue: queue.name, next });
    output.line(`stored ${what}`);
    output.line(`taken by a worker of "${visible(queue.name)}"; to see how the run stands: ${next}`);
    return EXIT.completed;
  } finally {
    await client.close();
    await queue.close();
  }
}
