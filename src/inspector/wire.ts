/**
 * What is said to the inspector, in the package's own format: its `createInspector` makes the messages. Its helpers
 * leave the root of an actor and the time to chance, and make a definition anew for each actor: those are put right here.
 */
import type { Peer } from './peer.js';

/** An actor as it is shown: a run, or a neuron of one. */
export interface ShownActor {
  readonly sessionId: string;
  readonly name: string;
  /** Its statechart: pure JSON, the same object for all actors of a kind. */
  readonly config: object;
  /** The run that a neuron is of. */
  readonly parent: string | null;
}

export interface ActorSnapshot {
  readonly status: 'active' | 'done' | 'stopped';
  readonly value: unknown;
  readonly context: unknown;
  readonly tags: readonly string[];
  readonly output?: unknown;
}

export interface Envelope {
  readonly rootId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

interface Stamp {
  readonly rootId: string;
  readonly createdAt: string;
  readonly name?: string;
  readonly definition?: string;
}

type Inspector = ReturnType<Peer['createInspector']>;
type ActorRef = Exclude<Parameters<Inspector['actor']>[0], string>;

/** A statechart is deeper than what the package shows unless told, and has an end by itself. */
const DEEPEST = 1000;

export class Wire {
  readonly #inspector: Inspector;
  readonly #definitions = new WeakMap<object, string>();
  #stamp: Stamp | null = null;
  #definition = '';
  #text = '';

  constructor({ createInspector }: Peer) {
    this.#inspector = createInspector(
      {
        send: (message) => {
          const stamped = { ...message, ...this.#stamp };
          if (stamped.type === '@xstate.actor' && stamped.definition !== undefined)
            this.#definition = stamped.definition;
          this.#text = JSON.stringify(stamped);
        },
      },
      { serializationDepthLimit: DEEPEST },
    );
  }

  actor(actor: ShownActor, snapshot: ActorSnapshot, envelope: Envelope): string {
    const { sessionId, name, config, parent } = actor;
    const known = this.#definitions.get(config);
    const ref = {
      sessionId,
      ...(known === undefined ? { logic: { config } } : {}),
      ...(parent === null ? {} : { _parent: { sessionId: parent } }),
    };
    const stamp = { ...stampOf(envelope), name, ...(known === undefined ? {} : { definition: known }) };
    const text = this.#say(stamp, () => this.#inspector.actor(ref as unknown as ActorRef, withParts(snapshot)));
    if (known === undefined) this.#definitions.set(config, this.#definition);
    return text;
  }

  /** @param sourceId undefined for what comes from outside */
  event(sourceId: string | undefined, targetId: string, event: { readonly type: string }, envelope: Envelope): string {
    const source = sourceId === undefined ? {} : { source: sourceId };
    return this.#say(stampOf(envelope), () => this.#inspector.event(targetId, event, source));
  }

  /** @param cause the type of the event that led to it */
  snapshot(sessionId: string, snapshot: ActorSnapshot, cause: string, envelope: Envelope): string {
    const info = { event: { type: cause } };
    return this.#say(stampOf(envelope), () => this.#inspector.snapshot(sessionId, withParts(snapshot), info));
  }

  #say(stamp: Stamp, say: () => void): string {
    this.#stamp = stamp;
    say();
    return this.#text;
  }
}

const stampOf = ({ rootId, at }: Envelope): Stamp => ({ rootId, createdAt: String(at) });

/** What every snapshot of a machine has. */
const withParts = (snapshot: ActorSnapshot) => ({ ...snapshot, children: {}, historyValue: {} });
