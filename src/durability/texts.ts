/**
 * How the parts of a run are written. What every checkpoint writes is put together by hand, of names that are quoted once
 * for each place in the graph; what few runs have goes through the codec as it is.
 */
import { StoredHandlerError, UnserializableError } from '../errors/index.js';
import type { Subscriber } from '../graph/graph.js';
import { type Activation, detailsOf, Special } from '../propagation/activation.js';
import type { FailedActivation } from '../propagation/context.js';
import { detailsIn } from '../propagation/tasks.js';
import type { Work } from '../propagation/work.js';
import type { Codec } from './codec.js';
import { oneLine, quote } from './codec/text.js';
import type { StoredFailure } from './parts.js';

/** The names of a place in the graph, as they stand in a text. */
interface Names {
  /** `"neuron":"…"` */
  readonly neuron: string;
  /** That, and `"dendrite":"…"`. */
  readonly place: string;
  /** That, and `"collateral":"…"`. */
  readonly whole: string;
  /** For messages. */
  readonly payload: string;
}

const known = new WeakMap<Subscriber, Names>();

export function namesOf(subscriber: Subscriber): Names {
  let names = known.get(subscriber);
  if (names === undefined) {
    const { neuron, key, channel } = subscriber;
    const name = `"neuron":${quote(neuron.name)}`;
    const place = `${name},"dendrite":${quote(key)}`;
    names = {
      neuron: name,
      place,
      whole: `${place},"collateral":${quote(channel.name)}`,
      payload: `payload of "${channel.name}" for "${neuron.name}"`,
    };
    known.set(subscriber, names);
  }
  return names;
}

export function activationText(activation: Activation, codec: Codec): string {
  const { n, subscriber, after } = activation;
  const { whole, payload } = namesOf(subscriber);
  const held = after === null ? '' : `,"after":"${after.cause}"`;
  const more = activation instanceof Special ? detailsText(activation, codec) : '';
  const value = codec.encode(activation.payload, payload);
  return `{"n":${n},${whole}${held}${more},"payload":${value}}`;
}

/** With a comma before each. */
function detailsText(activation: Special, codec: Codec): string {
  const { key, size, otherwise, ...details } = detailsOf(activation);
  const { otherwise: _, ...plain } = detailsIn(details);
  const fields = oneLine(JSON.stringify({ ...plain, key, size, otherwiseOf: otherwise?.collateral })).slice(1, -1);
  const told = fields === '' ? '' : `,${fields}`;
  if (otherwise === undefined) return told;
  const where = `payload of "${otherwise.collateral}" for "${activation.subscriber.neuron.name}"`;
  return `${told},"otherwise":${codec.encode(otherwise.payload, where)}`;
}

/** The scalars and the barriers. */
export function runText(work: Work): string {
  const { rare } = work;
  const from = rare === null || rare.output === null ? 'null' : quote(rare.output.from.name);
  let barriers = '';
  for (let at = rare === null ? null : rare.barrierHead; at !== null; at = at.next) {
    barriers += barriers === '' ? barrierText(at) : `,${barrierText(at)}`;
  }
  const ending = rare === null || rare.ending === null ? '' : `,"ending":${JSON.stringify(rare.ending)}`;
  return `{"status":"${work.status}","hold":${rare !== null && rare.hold},"next":${work.next},"settled":${work.settled},"outputFrom":${from},"barriers":[${barriers}]${ending}}`;
}

const barrierText = ({ cause, n, subscriber }: Activation): string =>
  `{"activation":"${cause}","n":${n},${namesOf(subscriber).neuron}}`;

/** An error may carry anything; what cannot be stored of it must not keep the run from being stored. */
export function failureText(failure: FailedActivation, sameErrorAs: number, i: number, codec: Codec): string {
  const path = `failure of "${failure.neuron}"`;
  const stored: StoredFailure = sameErrorAs === i ? failure : { ...failure, error: null, sameErrorAs };
  return encodeOr(stored, () => ({ ...failure, error: new StoredHandlerError(failure.error) }), { codec, path });
}

export const reasonText = (reason: unknown, codec: Codec): string =>
  encodeOr(reason, () => new StoredHandlerError(reason), { codec, path: 'reason' });

function encodeOr(value: unknown, instead: () => unknown, { codec, path }: { codec: Codec; path: string }): string {
  try {
    return codec.encode(value, path);
  } catch (error) {
    if (!(error instanceof UnserializableError)) throw error;
    return codec.encode(instead(), path);
  }
}
