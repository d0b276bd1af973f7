/**
 * What of a run is known to be stored, as seen from outside: so that a handler which is called too early, or again, is
 * seen whoever is to blame for it.
 */
import type { SettledEvent } from '../../durability/events.js';
import { partOf } from '../../durability/parts.js';
import type { CreateRequest, SaveRequest } from '../../durability/store.js';
import type { Channel, Graph, GraphNeuron, Subscriber } from '../../graph/graph.js';

interface StoredActivation {
  readonly attempt: number;
  /** When it is ready, in milliseconds since the epoch; undefined for at once. */
  readonly due: number | undefined;
}

const ACTIVATION = partOf.activation('');

export class StoredView {
  readonly #settled = new Set<string>();
  readonly #pending = new Map<string, StoredActivation>();

  /** A checkpoint is stored. */
  onStored({ id, parts, events }: SaveRequest | CreateRequest): void {
    for (const text of events) {
      const { activation, outcome } = JSON.parse(text) as Partial<SettledEvent>;
      if (activation !== undefined && outcome === 'responded') this.#settled.add(`${id}/${activation}`);
    }
    for (const [name, text] of parts) {
      if (!name.startsWith(ACTIVATION) || text === null) continue;
      const stored = activationIn(text);
      if (stored !== undefined) this.#pending.set(`${id}/${name.slice(ACTIVATION.length)}`, stored);
    }
  }

  /**
   * Why a handler must not be called now.
   * @param emitters of the graph; null where what follows a milestone does not wait for it
   */
  refusalOf({ subscriber, activation, attempt, now }: Call, emitters: Emitters | null): string | undefined {
    if (this.#settled.has(activation)) return 'called again, and its settlement was stored';
    const stored = this.#pending.get(activation);
    if (stored === undefined) {
      return emitters !== null && followsMilestone(subscriber, emitters)
        ? 'called before the checkpoint that it waits for'
        : undefined;
    }
    if (attempt < stored.attempt) return `called for attempt ${attempt}, and attempt ${stored.attempt} was stored`;
    return stored.due !== undefined && now < stored.due ? 'called before it is due' : undefined;
  }
}

/** A call of a handler. */
export interface Call {
  readonly subscriber: Subscriber;
  readonly activation: string;
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Undefined for one that is packed, or that waits for a signal: its time is its last. */
function activationIn(text: string): StoredActivation | undefined {
  try {
    const {
      attempt = 1,
      due,
      expects,
    } = JSON.parse(text) as {
      readonly attempt?: number;
      readonly due?: number;
      readonly expects?: string;
    };
    return expects === undefined ? { attempt, due } : undefined;
  } catch {
    return undefined;
  }
}

/** Who emits each collateral. */
export type Emitters = ReadonlyMap<Channel, readonly GraphNeuron[]>;

export function emittersIn({ neurons }: Graph): Emitters {
  const emitters = new Map<Channel, GraphNeuron[]>();
  for (const neuron of neurons) {
    for (const channel of neuron.emits) emitters.set(channel, [...(emitters.get(channel) ?? []), neuron]);
  }
  return emitters;
}

/** Whether all that it listens to comes from milestones, or it undoes what has settled. */
function followsMilestone({ neuron, channel }: Subscriber, emitters: Emitters): boolean {
  if (neuron.compensation?.channel === channel) return true;
  const emitting = emitters.get(channel) ?? [];
  return emitting.length > 0 && emitting.every(({ milestone }) => milestone);
}
