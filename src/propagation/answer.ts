/** What a handler returned, checked before any of it is committed (I1, I6). */
import type { Clock } from '../clock/clock.js';
import {
  ForeignCollateralError,
  InvalidAnswerError,
  UndeclaredExpectationError,
  UnwantedAnswerError,
} from '../errors/index.js';
import { type AnyCollateral, isSignal } from '../graph/collateral.js';
import { type Expectation, isExpectation } from '../graph/expectation.js';
import type { GraphNeuron, Subscriber } from '../graph/graph.js';
import type { Details, SignalRecord } from './context.js';
import type { ExpectationData, RespondedEvent, SignalData } from './events.js';

/** A signal of a known collateral, given as itself or by name. */
export interface AnswerSignal {
  readonly collateral: AnyCollateral | string;
  readonly payload: unknown;
  /** Milliseconds since the epoch. */
  readonly due?: number;
}

/** A wait of a known collateral, given as itself or by name. */
export interface AnswerExpectation {
  readonly expects: AnyCollateral | string;
  readonly details: Pick<Details, 'due' | 'within'>;
  readonly otherwise: AnswerSignal | undefined;
}

/** An answer in which something waits: for a time, or for a signal. Its times are times of the clock. */
export class WaitingAnswer {
  readonly items: readonly (AnswerSignal | AnswerExpectation)[];

  constructor(items: readonly (AnswerSignal | AnswerExpectation)[]) {
    this.items = items;
  }
}

/** A signal, several, something that waits, or nothing. */
export type CheckedAnswer = AnswerSignal | readonly AnswerSignal[] | WaitingAnswer | null | undefined;

export const isAnswerExpectation = (item: AnswerSignal | AnswerExpectation): item is AnswerExpectation =>
  'expects' in item;

/** The signals of an answer, in order. */
export function signalsIn(answer: CheckedAnswer): readonly AnswerSignal[] {
  if (answer === undefined || answer === null) return [];
  if (answer instanceof WaitingAnswer)
    return answer.items.filter((item): item is AnswerSignal => !isAnswerExpectation(item));
  return Array.isArray(answer) ? (answer as readonly AnswerSignal[]) : [answer as AnswerSignal];
}

/** Whether anything of what a handler returned waits. A plain signal has no `delay`; an expectation says that it has one. */
function hasWaits(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null) return false;
  if (Array.isArray(answer)) return someWait(answer);
  return (answer as { readonly delay?: number }).delay !== undefined;
}

function someWait(answer: readonly unknown[]): boolean {
  for (let i = 0; i < answer.length; i++) {
    const item = answer[i] as { readonly delay?: number } | null | undefined;
    if (item !== null && item !== undefined && item.delay !== undefined) return true;
  }
  return false;
}

/** An answer whose times are times of the clock, which only one that waits asks for. Wrong items stay as they are. */
export const timed = (flow: { readonly clock: Clock }, answer: unknown): unknown =>
  hasWaits(answer) ? timedAnswer(answer, flow.clock.now()) : answer;

function timedAnswer(answer: unknown, now: number): WaitingAnswer {
  const items = (Array.isArray(answer) ? answer : [answer]) as readonly unknown[];
  return new WaitingAnswer(items.map((item) => timedItem(item, now)));
}

function timedItem(item: unknown, now: number): AnswerSignal | AnswerExpectation {
  if (isExpectation(item)) return timedExpectation(item, now);
  if (!isSignal(item) || item.delay === undefined) return item as AnswerSignal;
  return { collateral: item.collateral, payload: item.payload, due: now + item.delay };
}

const timedExpectation = ({ collateral, within, otherwise }: Expectation, now: number): AnswerExpectation => ({
  expects: collateral,
  details: within === undefined ? {} : { within, due: now + within },
  otherwise,
});

/** The answer that an event carries. */
export function answerOfEvent({ signals, expectations = [] }: RespondedEvent): CheckedAnswer {
  if (expectations.length === 0 && !(signals ?? []).some(({ due }) => due !== undefined)) return signals;
  const items: (AnswerSignal | AnswerExpectation)[] = [];
  const waits = new Map(expectations.map((expectation) => [expectation.index, expectation]));
  const rest = [...(signals ?? [])];
  while (rest.length > 0 || waits.size > 0) {
    const wait = waits.get(items.length) ?? (rest.length === 0 ? waits.values().next().value : undefined);
    if (wait === undefined) items.push(rest.shift() as SignalData);
    else {
      waits.delete(wait.index);
      items.push(expectationOf(wait));
    }
  }
  return new WaitingAnswer(items);
}

const expectationOf = ({ expects, due, within, otherwise }: ExpectationData): AnswerExpectation => ({
  expects,
  details: { ...(within === undefined ? {} : { within }), ...(due === undefined ? {} : { due }) },
  otherwise,
});

/** What undoes an activation has nothing to emit. */
export const unwantedIn = (subscriber: Subscriber, answer: unknown): Error | null =>
  subscriber !== subscriber.neuron.compensation || isEmpty(answer)
    ? null
    : new UnwantedAnswerError(subscriber.neuron.name, 'what undoes an activation');

const isEmpty = (answer: unknown): boolean =>
  answer === undefined ||
  answer === null ||
  (Array.isArray(answer) && answer.length === 0) ||
  (answer instanceof WaitingAnswer && answer.items.length === 0);

/** What is wrong with what this dendrite answered, or null. */
export const problemOf = (subscriber: Subscriber, answer: unknown): Error | null =>
  unwantedIn(subscriber, answer) ?? answerProblem(subscriber.neuron, answer);

/** What is wrong with an answer, or null; then it is a `CheckedAnswer`. */
export function answerProblem(neuron: GraphNeuron, answer: unknown): Error | null {
  if (answer === undefined || answer === null) return null;
  if (answer instanceof WaitingAnswer) return firstProblem(neuron, answer.items);
  if (!Array.isArray(answer)) return itemProblem(neuron, answer);
  return firstProblem(neuron, answer);
}

function firstProblem(neuron: GraphNeuron, items: readonly unknown[]): Error | null {
  let later: Error | null = null;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    const problem = itemProblem(neuron, item);
    if (problem === null) continue;
    if (!isWait(item)) return problem;
    later ??= problem; // a wrong signal is told before a wrong wait
  }
  return later;
}

const isWait = (item: unknown): item is AnswerExpectation | Expectation =>
  isExpectation(item) || (typeof item === 'object' && item !== null && 'expects' in item);

function itemProblem(neuron: GraphNeuron, item: unknown): Error | null {
  if (!isWait(item)) return signalProblem(neuron, item);
  const collateral = 'expects' in item ? item.expects : item.collateral;
  if (expectedChannel(neuron, collateral) === undefined) {
    return new UndeclaredExpectationError(neuron.name, nameOf(collateral));
  }
  return item.otherwise === undefined ? null : signalProblem(neuron, item.otherwise);
}

/** The channel of a collateral that a neuron may wait for. */
export const expectedChannel = ({ expects }: GraphNeuron, collateral: unknown) =>
  expects.find((channel) => channel.collateral === collateral || channel.name === collateral);

function signalProblem(neuron: GraphNeuron, signal: unknown): Error | null {
  if (!isSignal(signal)) return new InvalidAnswerError(neuron.name, nameOfValue(signal));
  const { collateral } = signal as AnswerSignal;
  return neuron.channelOf(collateral) === undefined
    ? new ForeignCollateralError(neuron.name, nameOf(collateral))
    : null;
}

const nameOf = (collateral: unknown): string =>
  (typeof collateral === 'string' ? collateral : (collateral as { name?: string } | undefined)?.name) ?? '(unnamed)';

function nameOfValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array in an array';
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'no prototype'})`;
  return typeof value === 'string' ? `the string ${JSON.stringify(value.slice(0, 40))}` : `a ${typeof value}`;
}

/** An answer's signal as data. */
export function recordOf(neuron: GraphNeuron, { collateral, payload }: AnswerSignal): SignalRecord {
  return { collateral: neuron.channelOf(collateral)?.name ?? '', payload };
}
