/**
 * What a neuron answers, written as a short text. One notation for narrowing what is explored, for the steps of a path,
 * and for the stubs of a test:
 *
 *     charged                                  a signal of that collateral (its name, or its key in the axon)
 *     left + right                             several, in this order
 *     reminder in 10m                          a signal with a delay
 *     waits for approved                       an expectation, for any time
 *     waits for approved within 7d             one that fails when the time is up
 *     waits for approved within 7d, otherwise expired
 *     nothing                                  an answer without a signal
 *     fails                                    a failure for good
 *     retries                                  a failed attempt that its retry policy makes again
 *     aborts                                   the handler aborts the run
 *     joins, joins of 3                        what arrives at a join; of a sized one, with how many make its set
 *
 * A collateral whose name is one of these words is written `emits nothing`.
 */
import { InvalidArgumentError } from '../../errors/index.js';
import { parseDuration } from '../../graph/duration.js';
import type { Channel, Subscriber } from '../../graph/graph.js';
import { expectedChannel } from '../../propagation/answer.js';

export interface EmittedItem {
  readonly kind: 'signal';
  /** Its name in the graph. */
  readonly collateral: string;
  /** As it was written, e.g. `10m`. */
  readonly delay: string | undefined;
}

export interface AwaitedItem {
  readonly kind: 'wait';
  readonly collateral: string;
  /** As it was written, e.g. `7d`. */
  readonly within: string | undefined;
  readonly otherwise: string | undefined;
}

export interface Outcome {
  readonly kind: 'answer' | 'fails' | 'retries' | 'aborts' | 'joins';
  /** Of an answer; none where it is nothing. */
  readonly items: readonly (EmittedItem | AwaitedItem)[];
  /** Of what arrives at a sized join. */
  readonly size: number | undefined;
  /** The same for outcomes that are the same. */
  readonly text: string;
}

const WORDS = ['nothing', 'fails', 'retries', 'aborts', 'joins'];
const WAIT = /^waits for ([\w.-]+)(?: within ([\w.]+))?(?:, otherwise ([\w.-]+))?$/;
const SIGNAL = /^([\w.-]+)(?: in ([\w.]+))?$/;
const NOTATION =
  "write 'charged', 'left + right', 'reminder in 10m', 'waits for approved within 7d, otherwise expired', 'nothing' or 'fails'";

/** @throws InvalidArgumentError for what this dendrite cannot answer */
export function parseOutcome(given: string, subscriber: Subscriber): Outcome {
  const { neuron, arrival } = subscriber;
  const place = `neuron "${neuron.name}" on "${shownDendrite(subscriber)}": the outcome "${given}"`;
  const refuse = (problem: string, hint: string): never => {
    throw new InvalidArgumentError(`${place} ${problem}`, { hint });
  };
  const joins = /^joins(?: of (\d+))?$/.exec(given);
  if ((joins !== null) !== (arrival !== null)) {
    return arrival === null
      ? refuse('is one of what arrives at a join', 'leave it out: this dendrite is no part of a join')
      : refuse('is none of an arrival', "what arrives at a join: 'joins', or 'joins of 3' where the join is sized");
  }
  if (joins !== null) return joinsOutcome(joins[1] === undefined ? undefined : Number(joins[1]));
  if (given === 'fails' || given === 'aborts') return wordOutcome(given);
  if (given === 'retries') {
    return neuron.policy.retry === null
      ? refuse('needs a retry policy', `give the neuron .retry(…), or write 'fails'`)
      : wordOutcome('retries');
  }
  if (given === 'nothing') return NOTHING;
  if (subscriber === neuron.compensation) return refuse('cannot be', "what undoes emits nothing: 'nothing' or 'fails'");
  const items = given
    .replace(/^emits /, '')
    .split(' + ')
    .map((text): EmittedItem | AwaitedItem => {
      const wait = WAIT.exec(text);
      if (wait !== null) {
        const [, name = '', within, otherwise] = wait;
        if (within !== undefined) parseDuration(within, `${place}: within`);
        return {
          kind: 'wait',
          collateral: awaitedName(subscriber, name) ?? refuse(`waits for "${name}"`, hintOfWaits(subscriber)),
          within,
          otherwise:
            otherwise === undefined
              ? undefined
              : (emittedName(subscriber, otherwise) ?? refuse(`emits "${otherwise}"`, hintOfSignals(subscriber))),
        };
      }
      const [, name, delay] = SIGNAL.exec(text) ?? [];
      if (name === undefined) return refuse('cannot be read', NOTATION);
      if (delay !== undefined) parseDuration(delay, `${place}: its delay`);
      const collateral = emittedName(subscriber, name) ?? refuse(`emits "${name}"`, hintOfSignals(subscriber));
      return { kind: 'signal', collateral, delay };
    });
  return answerOutcome(items);
}

const emittedName = ({ neuron }: Subscriber, name: string): string | undefined => {
  const collateral = Object.hasOwn(neuron.axon, name) ? neuron.axon[name] : undefined;
  return neuron.channelOf(name)?.name ?? neuron.channelOf(collateral)?.name;
};

const awaitedName = ({ neuron }: Subscriber, name: string): string | undefined => expectedChannel(neuron, name)?.name;

const named = (channels: readonly Channel[]): string =>
  channels.length === 0 ? 'none' : channels.map(({ name }) => `"${name}"`).join(', ');
const hintOfSignals = ({ neuron }: Subscriber): string => `its axon has ${named(neuron.emits)}; or ${NOTATION}`;
const hintOfWaits = ({ neuron }: Subscriber): string => `it may wait for ${named(neuron.expects)}`;

export const NOTHING: Outcome = { kind: 'answer', items: [], size: undefined, text: 'nothing' };

const wordOutcome = (kind: 'fails' | 'retries' | 'aborts'): Outcome => ({
  kind,
  items: [],
  size: undefined,
  text: kind,
});

export const joinsOutcome = (size: number | undefined): Outcome => ({
  kind: 'joins',
  items: [],
  size,
  text: size === undefined ? 'joins' : `joins of ${size}`,
});

/** @param items one at least */
export function answerOutcome(items: readonly (EmittedItem | AwaitedItem)[]): Outcome {
  const text = items.map(itemText).join(' + ');
  return { kind: 'answer', items, size: undefined, text: WORDS.includes(text) ? `emits ${text}` : text };
}

function itemText(item: EmittedItem | AwaitedItem): string {
  if (item.kind === 'signal') return item.delay === undefined ? item.collateral : `${item.collateral} in ${item.delay}`;
  const within = item.within === undefined ? '' : ` within ${item.within}`;
  return `waits for ${item.collateral}${within}${item.otherwise === undefined ? '' : `, otherwise ${item.otherwise}`}`;
}

/** A dendrite as people name it: its collateral, with a number where the neuron has several on it; `undo`. */
export function shownDendrite({ neuron, key }: Subscriber): string {
  const at = key.lastIndexOf('#');
  if (at < 0) return key;
  const text = key.slice(0, at);
  return neuron.dendrites.filter((each) => each.key.startsWith(`${text}#`)).length > 1 ? key : text;
}
