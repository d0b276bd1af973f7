/** The payloads that signals of a test carry. */
import type { Channel } from '../../graph/graph.js';
import { samplePayload } from './sample-payload.js';

/** What a payload is asked for. */
export interface PayloadPlace {
  /** The title of the path. */
  readonly path: string;
  /** Who emits it; undefined for a signal from outside. */
  readonly neuron: string | undefined;
}

/**
 * By the name of the collateral: a value, or a function of what the neuron got. One of a schema that is left out is made
 * up after the schema; any other is undefined.
 */
export type Payloads = Readonly<Record<string, unknown>>;

type PayloadFunction = (input: unknown, place: PayloadPlace) => unknown;

export function payloadOf(
  payloads: Payloads,
  { name, collateral }: Channel,
  input: unknown,
  place: PayloadPlace,
): unknown {
  if (!Object.hasOwn(payloads, name)) return samplePayload(collateral.schema);
  const given = payloads[name];
  return typeof given === 'function' ? (given as PayloadFunction)(input, place) : given;
}
