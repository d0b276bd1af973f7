/** Signals become activations: one for each subscriber, in order. */
import type { Channel } from '../graph/graph.js';
import { Activation, DELAYED, detailsOf, HELD, QUEUED, Special } from './activation.js';
import { type Caused, deriveCause } from './cause.js';
import { FRONTIER_LIMIT } from './context.js';
import type { Effect } from './events.js';
import { isRefused } from './failing.js';
import { place } from './lists.js';
import { type Output, rareOf } from './rare.js';
import type { Work } from './work.js';

/** One activation for each subscriber. @returns the last of what waits behind `barrier` */
export function enqueue(
  work: Work,
  channel: Channel,
  payload: unknown,
  parent: Readonly<Caused>,
  index: number,
  barrier: Activation | null,
  heldTail: Activation | null,
  effects: Effect[] | null,
): Activation | null {
  if (work.rare !== null || work.pending >= FRONTIER_LIMIT) {
    return enqueueChecked(work, channel, payload, undefined, parent, index, barrier, heldTail, effects);
  }
  const { subscribers } = channel;
  for (let i = 0; i < subscribers.length; i++) {
    const subscriber = subscribers[i] as (typeof subscribers)[number];
    const activation = new Activation(work.next++, subscriber, payload, QUEUED, null);
    deriveCause(activation, parent, index, subscriber);
    place(work, activation, null);
    if (effects !== null) {
      effects.push({ type: 'deliver', collateral: channel.name, neuron: subscriber.neuron.name });
    }
  }
  return null;
}

/** The same where there may be limits, an output, a barrier, a time; `due` in milliseconds since the epoch. */
export function enqueueChecked(
  work: Work,
  channel: Channel,
  payload: unknown,
  due: number | undefined,
  parent: Readonly<Caused>,
  index: number,
  barrier: Activation | null,
  heldTail: Activation | null,
  effects: Effect[] | null,
): Activation | null {
  setOutput(work, rareOf(work).output, channel, payload);
  const { subscribers } = channel;
  let tail = heldTail;
  for (let i = 0; i < subscribers.length; i++) {
    const subscriber = subscribers[i] as (typeof subscribers)[number];
    const n = work.next++;
    const activation =
      due === undefined
        ? new Activation(n, subscriber, payload, QUEUED, null)
        : new Special(n, subscriber, payload, DELAYED, { due });
    deriveCause(activation, parent, index, subscriber);
    tail = admit(work, activation, barrier, tail, effects);
  }
  return tail;
}

/** A new activation joins the run, unless that is at a limit or ends. @returns the last of what waits behind `barrier` */
export function admit(
  work: Work,
  activation: Activation,
  barrier: Activation | null,
  heldTail: Activation | null,
  effects: Effect[] | null,
): Activation | null {
  if (isRefused(work, activation)) return heldTail;
  if (barrier !== null) {
    activation.state = HELD;
    activation.link = barrier;
    place(work, activation, heldTail);
    return activation;
  }
  place(work, activation, null);
  announce(activation, effects);
  return heldTail;
}

/** Says that a signal has reached a neuron. */
export function announce({ subscriber }: Activation, effects: Effect[] | null): void {
  if (effects === null) return;
  effects.push({ type: 'deliver', collateral: subscriber.channel.name, neuron: subscriber.neuron.name });
}

/** Whether one that is ready otherwise waits for a time. */
export const readyState = (activation: Activation): number =>
  detailsOf(activation).due === undefined ? QUEUED : DELAYED;

function setOutput(work: Work, output: Output | null, channel: Channel, payload: unknown): void {
  if (output === null || output.from !== channel) return;
  output.payload = payload;
  if (work.recorder !== null) work.recorder.onOutput();
}
