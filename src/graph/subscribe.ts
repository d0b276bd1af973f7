/** What a neuron listens with: the subscribers of its dendrites, its joins and its compensation. */
import type { AnyCollateral } from './collateral.js';
import type { Arrival, Channel, GraphJoin, GraphNeuron, Subscriber } from './graph.js';
import { hashText } from './hash.js';
import { arrivalResponse, type JoinSpec } from './join.js';
import type { Modality } from './modality.js';
import { modalityResponse, strayPaths } from './modality-dendrite.js';
import type { NamedSpec } from './naming.js';
import { collateralsOf } from './neuron-spec.js';
import type { AnyResponse } from './types.js';

/** What the parts of a neuron are looked up in. */
export interface Lookup {
  channelOf(collateral: AnyCollateral): Channel;
  readonly modalityNames: ReadonlyMap<Modality, string>;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Gives a neuron its subscribers, in the order of declaration, and its channels theirs. */
export function subscribe(neuron: GraphNeuron, spec: NamedSpec, lookup: Lookup): void {
  const count = new Map<string, number>();
  const numbered = (text: string): string => {
    const nth = count.get(text) ?? 0;
    count.set(text, nth + 1);
    return `${text}#${nth}`;
  };
  const listen = (channel: Channel, response: AnyResponse, arrival: Arrival | null) => {
    const subscriber = subscriberOf(neuron, channel, numbered(channel.name), response, arrival);
    (neuron.dendrites as Subscriber[]).push(subscriber);
    (channel.subscribers as Subscriber[]).push(subscriber);
  };

  for (const listener of spec.listeners) {
    switch (listener.kind) {
      case 'dendrite':
        listen(lookup.channelOf(listener.collateral), listener.response, null);
        break;
      case 'modality':
        listen(
          lookup.channelOf(listener.collateral),
          modalityResponse(neuron.name, listener, lookup.modalityNames),
          null,
        );
        break;
      case 'join': {
        const channels = collateralsOf(listener).map((collateral) => lookup.channelOf(collateral));
        const join = joinOf(neuron, listener, channels, numbered);
        (neuron.joins as GraphJoin[]).push(join);
        listener.slots.forEach(([slot], index) => {
          listen(channels[index] as Channel, arrivalResponse(neuron.name, slot, listener), { join, slot });
        });
      }
    }
  }
  const writable = neuron as Writable<GraphNeuron>;
  writable.listens = [...new Set(neuron.dendrites.map((dendrite) => dendrite.channel.name))];
  writable.expects = spec.expects.map((collateral) => lookup.channelOf(collateral));
  if (spec.compensation === undefined) return;
  const undo = { ...subscriberOf(neuron, ownChannel('undo'), 'undo', spec.compensation, null), plain: false };
  (undo.channel.subscribers as Subscriber[]).push(undo);
  writable.compensation = undo;
  writable.leavesNothing = false;
}

function joinOf(
  neuron: GraphNeuron,
  spec: JoinSpec,
  channels: readonly Channel[],
  numbered: (text: string) => string,
): GraphJoin {
  // with a plus even where there is one slot: no dendrite has such a key, and no collateral such a name
  const [first, ...more] = channels.map(({ name }) => name);
  const channel = ownChannel(`${first}+${more.join('+')}`);
  const subscriber = subscriberOf(neuron, channel, numbered(channel.name), spec.response, null);
  (channel.subscribers as Subscriber[]).push(subscriber);
  return { slots: spec.slots.map(([slot]) => slot), sized: spec.size !== undefined, subscriber };
}

function subscriberOf(
  neuron: GraphNeuron,
  channel: Channel,
  key: string,
  response: AnyResponse,
  arrival: Arrival | null,
): Subscriber {
  const { concurrency, maxDuration, retry } = neuron.policy;
  const plain = arrival === null && concurrency === null && maxDuration === null && retry === null;
  return { neuron, channel, key, response, ...hashText(`${neuron.name}/${key}`), plain, arrival };
}

/** A channel that no signal goes through. */
const ownChannel = (name: string): Channel => ({
  name,
  collateral: { name, schema: undefined },
  subscribers: [],
  expected: false,
});

/** What no single call could see: parts of listeners that do not fit each other. */
export function listenerProblems({ name, listeners }: NamedSpec): string[] {
  const problems: string[] = [];
  for (const listener of listeners) {
    if (listener.kind === 'join') {
      const collaterals = collateralsOf(listener);
      if (new Set(collaterals).size < collaterals.length) {
        problems.push(`neuron "${name}" has a join with one collateral in two slots`);
      }
      for (const [slot] of listener.slots) {
        if (slot === '__proto__') problems.push(`neuron "${name}" has a join with the slot "${slot}", a reserved name`);
      }
    } else if (listener.kind === 'modality') {
      const modalities = listener.modalities.map(({ modality }) => modality);
      if (new Set(modalities).size < modalities.length) {
        problems.push(`neuron "${name}" has a modality dendrite that names one modality twice`);
      }
      const stray = listener.modalities.reduce((sum, one) => sum + strayPaths(one), 0);
      if (stray > 0) {
        const paths = `${stray} afferent path${stray === 1 ? '' : 's'}`;
        problems.push(
          `neuron "${name}" has a modality dendrite with a handler of ${paths} that its modality does not have`,
        );
      }
    }
  }
  return problems;
}
