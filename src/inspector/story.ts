/**
 * What an event of a run says in a sequence view: who sends what to whom. A line goes from neuron to neuron where a
 * signal does. What the run keeps for later (a time, a retry, a signal that nobody waits for yet) goes to the run, and
 * from it when the time has come. What the graph has not caused comes from outside.
 *
 * Rules: reads the working set before the event is applied, changes nothing, and costs no more than `MOST_LINES`.
 */
import type { Channel, GraphNeuron } from '../graph/graph.js';
import {
  type Activation,
  attemptOf,
  BARRIER,
  DELAYED,
  detailsOf,
  QUEUED,
  STARTING,
  WAITING,
} from '../propagation/activation.js';
import type {
  FailedEvent,
  RespondedEvent,
  RunEvent,
  SignalData,
  SignalEvent,
  TickEvent,
} from '../propagation/events.js';
import { frontierOf } from '../propagation/lists.js';
import { failedOf, isEnding } from '../propagation/rare.js';
import type { Work } from '../propagation/work.js';

/** The run itself, among its neurons. */
export const RUN = '';
export type Party = string;

export interface Line {
  /** Null for the outside. */
  readonly from: Party | null;
  readonly to: Party;
  readonly event: { readonly type: string } & Readonly<Record<string, unknown>>;
}

/** Makes what may be shown of a value of the user's, that stands at a path. */
export type Show = (value: unknown, ...path: readonly string[]) => unknown;

const MOST_LINES = 100;

export function storyOf(work: Work, event: RunEvent, show: Show): Line[] {
  const operation = work.flow.operations.get(event.type);
  const lines = new Lines(show);
  switch (operation?.kind) {
    case undefined:
      lines.add(null, RUN, { type: event.type });
      break;
    case 'init':
      tellBeginning(work, lines);
      break;
    case 'signal':
      tellOutside(work, operation.channel, event, lines);
      break;
    case 'abort':
      lines.add(null, RUN, { type: event.type, ...lines.shown('reason', (event as { reason?: unknown }).reason) });
      break;
    case 'tick':
      tellDue(work, (event as TickEvent).now, lines);
      break;
    case 'resume':
      lines.add(null, RUN, { type: event.type });
      break;
    case 'checkpointed':
      lines.add(RUN, operation.neuron.name, { type: event.type });
      break;
    case 'pending':
      tellUndoing(operation.neuron, find(work, event as RespondedEvent), lines);
      break;
    case 'responded':
      tellResponse(work, operation.neuron, event as RespondedEvent, lines);
      break;
    case 'failed':
      tellFailure(work, operation.neuron, event as FailedEvent, lines);
      break;
    case 'granted':
    case 'gated':
    case 'parked':
    case 'unparked':
      break; // its states say so
  }
  return lines.all;
}

class Lines {
  readonly all: Line[] = [];
  readonly show: Show;
  #left = 0;

  constructor(show: Show) {
    this.show = show;
  }

  get isFull(): boolean {
    return this.all.length >= MOST_LINES;
  }

  add(from: Party | null, to: Party, event: Line['event']): void {
    if (!this.isFull) this.all.push({ from, to, event });
    else {
      this.#left++;
      const last = this.all[MOST_LINES - 1] as Line;
      this.all[MOST_LINES - 1] = { ...last, event: { ...last.event, '…': `${this.#left} more` } };
    }
  }

  /** A property, where there is something to show. */
  shown(key: string, value: unknown, ...path: readonly string[]): Record<string, unknown> {
    return value === undefined ? {} : { [key]: this.show(value, key, ...path) };
  }

  /** An event of a signal. Nothing is copied that has no line. */
  signal(collateral: string, payload: unknown): Line['event'] {
    return { type: collateral, ...(this.isFull ? {} : this.shown('payload', payload, collateral)) };
  }

  /** To everyone who listens; to the run when nobody does. */
  fanOut(from: Party | null, collateral: string, channel: Channel | undefined, payload: unknown): void {
    const event = this.signal(collateral, payload);
    const listeners = new Set(channel?.subscribers.map(({ neuron }) => neuron.name));
    if (listeners.size === 0) this.add(from, RUN, event);
    for (const listener of listeners) this.add(from, listener, event);
  }
}

/** Of one that goes on, what is to be done again comes from the run. */
function tellBeginning(work: Work, lines: Lines): void {
  const isNew = work.settled === 0 && failedOf(work).length === 0;
  if (!isNew) lines.add(null, RUN, { type: 'engram.resume' });
  for (const activation of frontierOf(work)) {
    const { state, subscriber } = activation;
    if (lines.isFull) return;
    const { channel, neuron } = subscriber;
    const event = () => lines.signal(channel.name, activation.payload);
    if (state === DELAYED && isNew) lines.add(null, RUN, { ...event(), ...dueIn(detailsOf(activation)) });
    else if (state === QUEUED || state === STARTING) lines.add(isNew ? null : RUN, neuron.name, event());
  }
}

function tellOutside(work: Work, channel: Channel, { deliveryId, payload }: SignalEvent, lines: Lines): void {
  const { rare } = work;
  if (deliveryId !== undefined && rare?.deliveries.has(deliveryId) === true) return;
  const isAwaited = !channel.expected || rare?.expectations.has(channel) === true;
  if (isAwaited && !isEnding(work)) lines.fanOut(null, channel.name, channel, payload);
  else lines.add(null, RUN, lines.signal(channel.name, payload));
}

/** What was kept for a time that has come. */
function tellDue(work: Work, now: number, lines: Lines): void {
  for (const activation of work.rare?.deadlines?.due(now) ?? []) {
    const { neuron, channel } = activation.subscriber;
    const { expects, otherwise, attempt } = detailsOf(activation);
    if (activation.state === DELAYED) {
      const again = attempt === undefined ? {} : { attempt };
      lines.add(RUN, neuron.name, { ...lines.signal(channel.name, activation.payload), ...again });
    } else if (otherwise === undefined) {
      lines.add(neuron.name, RUN, { type: neuron.failedType, error: `has waited in vain for "${expects}"` });
    } else {
      const { collateral, payload } = otherwise;
      lines.fanOut(neuron.name, collateral, neuron.channelOf(collateral), payload);
    }
  }
}

/** An undoing has begun. */
function tellUndoing(neuron: GraphNeuron, activation: Activation | undefined | null, lines: Lines): void {
  if (activation === undefined || activation === null) return;
  const { undoes } = detailsOf(activation);
  if (undoes === undefined) return;
  const { channel, payload } = { channel: activation.subscriber.channel.name, payload: activation.payload };
  lines.add(RUN, neuron.name, { type: 'engram.undo', undoes, ...lines.shown('payload', payload, channel) });
}

function tellResponse(work: Work, neuron: GraphNeuron, event: RespondedEvent, lines: Lines): void {
  const activation = find(work, event);
  if (activation === null) return; // it comes too late
  if (activation?.state === STARTING) tellUndoing(neuron, activation, lines);
  if (event.joined !== undefined) return; // what has arrived at a join waits there for the others
  const { signals, expectations = [] } = event;
  const sent = isEnding(work) ? [] : (signals ?? []);
  for (const signal of sent) tellSignal(neuron, signal, lines);
  if (sent.length > 0 && expectations.length === 0) return;
  const waits = expectations.slice(0, MOST_LINES).map((each) => ({ expects: each.expects, ...dueIn(each) }));
  lines.add(neuron.name, RUN, { type: event.type, ...(waits.length === 0 ? {} : { expectations: waits }) });
}

/** One that is to be delivered later is given to the run. */
function tellSignal(neuron: GraphNeuron, { collateral, payload, due }: SignalData, lines: Lines): void {
  if (due === undefined) lines.fanOut(neuron.name, collateral, neuron.channelOf(collateral), payload);
  else lines.add(neuron.name, RUN, { ...lines.signal(collateral, payload), ...dueIn({ due }) });
}

function tellFailure(work: Work, neuron: GraphNeuron, event: FailedEvent, lines: Lines): void {
  const activation = find(work, event);
  if (activation === null) return;
  if (activation?.state === STARTING) tellUndoing(neuron, activation, lines);
  const { type, error, attempt, retryAt } = event;
  lines.add(neuron.name, RUN, {
    type,
    ...lines.shown('error', error),
    ...(attempt === undefined ? {} : { attempt }),
    ...(retryAt === undefined ? {} : { retryAt: timeText(retryAt) }),
  });
}

/** The activation that an event is about; undefined where that cannot be told, null where it has ended or tries again. */
function find(work: Work, { activation: cause, attempt = 1 }: RespondedEvent): Activation | undefined | null {
  const { starting, rare } = work;
  if (starting !== null && starting.cause === cause) return starting;
  if (rare === null || rare.byCause === null) return undefined;
  const found = rare.byCause.get(cause);
  return found !== undefined && found.state < BARRIER && attemptOf(found) === attempt && found.state !== WAITING
    ? found
    : null;
}

const dueIn = ({ due }: { readonly due?: number }) => (due === undefined ? {} : { due: timeText(due) });

const timeText = (time: number): string => new Date(time).toISOString();
