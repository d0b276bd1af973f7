/**
 * `--trace <file>`: a line for every call of a handler, written before the call and by the time of it, so that it is
 * there however the process ends. What the store says was settled is one account of a run; this is the other.
 */
import { appendFileSync, closeSync, openSync } from 'node:fs';
import { StoreUnavailableError } from '../errors/index.js';
import type { GraphNeuron, Subscriber } from '../graph/graph.js';
import type { CNS } from '../index.js';
import { FLOW } from '../propagation/operations.js';
import type { HandlerContext } from '../propagation/handler-context.js';

/** One line of the file. */
export interface Started {
  /** `<run id>/<cause>` */
  readonly activation: string;
  readonly neuron: string;
}

/** @throws StoreUnavailableError when the file cannot be written */
export function traceHandlers(cns: CNS, file: string): void {
  const fd = openTrace(file);
  for (const neuron of cns[FLOW].graph.neurons) {
    for (const subscriber of handlersOf(neuron)) {
      const { response } = subscriber;
      const traced = (payload: unknown, axon: unknown, ctx: unknown): unknown => {
        const line: Started = { activation: (ctx as HandlerContext).activationId, neuron: neuron.name };
        appendFileSync(fd, `${JSON.stringify(line)}\n`);
        return response(payload, axon, ctx);
      };
      // this graph belongs to this CNS alone, and nothing of it runs yet
      Object.assign(subscriber, { response: traced });
    }
  }
}

/** Dendrites, complete sets of joins, and what undoes; an arrival at a join has no handler of its own. */
const handlersOf = ({ dendrites, joins, compensation }: GraphNeuron): Subscriber[] => [
  ...dendrites.filter(({ arrival }) => arrival === null),
  ...joins.map(({ subscriber }) => subscriber),
  ...(compensation === null ? [] : [compensation]),
];

function openTrace(file: string): number {
  try {
    const fd = openSync(file, 'a');
    process.once('exit', () => closeSync(fd));
    return fd;
  } catch (error) {
    throw new StoreUnavailableError(`the trace ${file} cannot be written`, error, 'give --trace a file that can be');
  }
}
