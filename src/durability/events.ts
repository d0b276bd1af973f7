/** What has happened in a run, settlement by settlement, as it is stored beside the checkpoints: for history and timelines. */
import { CorruptCheckpointError, describeError } from '../errors/index.js';
import { type Activation, detailsOf } from '../propagation/activation.js';
import { type CheckedAnswer, signalsIn } from '../propagation/answer.js';
import type { FailedActivation } from '../propagation/context.js';
import { quote } from './codec/text.js';
import type { Store } from './store.js';
import { namesOf } from './texts.js';

/** One settled activation. */
export interface SettledEvent {
  readonly activation: string;
  readonly neuron: string;
  readonly dendrite: string;
  readonly outcome: 'responded' | 'failed';
  /** Collaterals of the answer, in order. */
  readonly emitted: readonly string[];
  /** Milliseconds since the epoch; missing when it started in another process. */
  readonly startedAt?: number;
  readonly settledAt: number;
  readonly error?: string;
  /** It was a wait, for a signal of this collateral from outside: that has come, or came too late. */
  readonly waited?: string;
  /**
   * It was the set of a join: the causes of what completed it, of at most eight the last that came. Missing also where
   * the set was complete before this process took the run up.
   */
  readonly joined?: readonly string[];
}

/** Stands for settled activations of which too many came between two checkpoints to keep. */
export interface OmittedEvents {
  readonly omitted: number;
}

const MOST_EVENTS = 20_000;
const KEPT_EVENTS = 10_000;

export interface Settlement {
  readonly activation: Activation;
  readonly answer: CheckedAnswer;
  readonly failure: FailedActivation | null;
  readonly settledAt: number;
  /** The causes of what completed the set of a join. */
  readonly joined: readonly string[] | undefined;
}

/** The text of a `SettledEvent`, put together by hand: one is written for every settlement. */
export function eventText({ activation, answer, failure, settledAt, joined }: Settlement): string {
  const { place } = namesOf(activation.subscriber);
  const { cause, notes } = activation;
  const startedAt = notes === null ? null : notes.startedAt;
  const outcome = failure === null ? '"responded"' : '"failed"';
  const started = startedAt === null ? '' : `,"startedAt":${startedAt}`;
  const error = failure === null ? '' : `,"error":${quote(describeError(failure.error))}`;
  const { expects } = detailsOf(activation);
  const waited = expects === undefined ? '' : `,"waited":${quote(expects)}`;
  const arrivals = joined === undefined ? '' : `,"joined":${JSON.stringify(joined)}`;
  return `{"activation":"${cause}",${place},"outcome":${outcome},"emitted":[${emittedBy(activation, answer)}]${started},"settledAt":${settledAt}${error}${waited}${arrivals}}`;
}

function emittedBy({ subscriber: { neuron } }: Activation, answer: CheckedAnswer): string {
  let names = '';
  for (const { collateral } of signalsIn(answer)) {
    names += `${names === '' ? '' : ','}${quote(neuron.channelOf(collateral)?.name ?? '')}`;
  }
  return names;
}

const omittedText = (omitted: number): string => JSON.stringify({ omitted } satisfies OmittedEvents);

/** Events, as texts, that wait to be stored: of too many the newest, and how many are left out. */
export class WaitingEvents {
  #texts: string[] = [];
  #omitted = 0;

  add(text: string): void {
    // a turn without a milestone may settle millions
    if (this.#texts.length >= MOST_EVENTS) {
      this.#omitted += this.#texts.length - KEPT_EVENTS;
      this.#texts = this.#texts.slice(-KEPT_EVENTS);
    }
    this.#texts.push(text);
  }

  take(): string[] {
    const texts = this.#texts;
    if (this.#omitted > 0) texts.unshift(omittedText(this.#omitted));
    this.#texts = [];
    this.#omitted = 0;
    return texts;
  }
}

/** The same for texts of which the first ones have waited longer. */
export function boundedEvents(events: readonly string[]): readonly string[] {
  if (events.length <= MOST_EVENTS) return events;
  const left = events.slice(0, -KEPT_EVENTS).map((text) => (JSON.parse(text) as Partial<OmittedEvents>).omitted ?? 1);
  return [omittedText(left.reduce((sum, count) => sum + count)), ...events.slice(-KEPT_EVENTS)];
}

export interface ParsedEvents {
  /** Oldest first. */
  readonly settled: readonly SettledEvent[];
  /** How many were too many to keep. */
  readonly omitted: number;
}

/** What a store gives. */
export function parseEvents(texts: readonly string[]): ParsedEvents {
  const settled: SettledEvent[] = [];
  let omitted = 0;
  for (const text of texts) {
    const event = JSON.parse(text) as SettledEvent | OmittedEvents;
    if ('neuron' in event) settled.push(event);
    else omitted += event.omitted;
  }
  return { settled, omitted };
}

/** Of a stored run; nothing but the damage where its events cannot be read, and nothing from a store that keeps none. */
export async function readSettled(
  store: Store,
  id: string,
): Promise<ParsedEvents & { readonly damage: readonly string[] }> {
  if (!store.capabilities.events) return { settled: [], omitted: 0, damage: [] };
  try {
    return { ...parseEvents(await store.events(id)), damage: [] };
  } catch (error) {
    if (error instanceof CorruptCheckpointError) return { settled: [], omitted: 0, damage: [error.message] };
    throw error;
  }
}
