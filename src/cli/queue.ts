/** A flow and the queue of its runs, opened for one command: what `worker`, `enqueue` and `signal --enqueue` have in common. */
import { type Clock, systemClock } from '../clock/clock.js';
import type { CNS } from '../index.js';
import { FLOW } from '../propagation/operations.js';
import { FlowModuleError, UsageError } from './cli-errors.js';
import { type FlowModule, loadFlowModule } from './flow-module.js';
import { openStore, shownUrl, storeUrl } from './open-store.js';
import type { Output } from './output.js';
import { redactBy } from './redaction.js';
import { shellWord } from './text.js';
import { traceHandlers } from './trace.js';

export interface QueueOptions {
  readonly store?: string;
  /** Its name; that of the flow unless told. */
  readonly queue?: string;
  readonly trace?: string;
}

export interface FlowQueue {
  readonly flow: FlowModule;
  readonly cns: CNS;
  readonly clock: Clock;
  readonly name: string;
  /** For `createWorker` and `createClient`. */
  readonly opened: {
    readonly cns: CNS;
    readonly clock: Clock;
    readonly connection: { readonly url: string };
    readonly queue: string;
  };
  /** Where it is, for people. */
  readonly place: string;
  /** What to add to a command line to name the same store again. */
  readonly storeOption: string;
  /** What to add to one that is to name the same queue. */
  readonly queueOption: string;
  /** What to add to one that is to reach the workers of this queue. */
  readonly enqueueOption: string;
  close(): Promise<void>;
}

const IS_REDIS = /^rediss?:/;

/** The queue is where the store is; a flow that exports a cns has its runs in the store of that. @throws UsageError */
export async function openQueue(
  path: string,
  options: QueueOptions,
  output: Output,
  command: string,
): Promise<FlowQueue> {
  const clock: Clock = systemClock;
  const url = queueUrl(options.store, command);
  const store = openStore(url, clock);
  const flow = await loadFlowModule(path);
  redactBy(undefined, output);
  const cns = await flow.cns({ store, clock });
  if (cns.store === undefined || cns.store.capabilities.survives === 'nothing') {
    const what = cns.store === undefined ? 'has no store' : 'keeps its runs in its own memory';
    throw new FlowModuleError(`${path}: its cns ${what}, where no worker finds them`, {
      hint: 'export createCns = (host) => new CNS(neurons, { ...host }), which is given the store of the queue',
    });
  }
  redactBy(cns, output);
  if (options.trace !== undefined) traceHandlers(cns, options.trace);
  const graph = cns[FLOW].graph.name;
  const name = options.queue ?? graph;
  const queueOption = name === graph ? '' : ` --queue ${shellWord(name)}`;
  return {
    flow,
    cns,
    clock,
    name,
    opened: { cns, clock, connection: { url }, queue: name },
    place: shownUrl(url),
    storeOption: options.store === undefined ? '' : ` --store ${shellWord(shownUrl(url))}`,
    queueOption,
    enqueueOption: queueOption === '' ? ' --enqueue' : queueOption,
    close: async () => {
      await cns.close();
      await store.close();
    },
  };
}

export const isRedis = (url: string): boolean => IS_REDIS.test(url);

function queueUrl(option: string | undefined, command: string): string {
  const url = storeUrl(option);
  if (isRedis(url)) return url;
  throw new UsageError(`${command} needs a queue, which is on a Redis server, and the store is "${url}"`, {
    hint: 'give --store redis://localhost:6379, or set ENGRAM_STORE to it',
  });
}
