/**
 * Watches one run from outside the engine, at the two places where it touches the world: what the store accepts and
 * gives back, and which handlers are called and what they answer. From that alone it says which invariant was broken.
 *
 * Job: the checks that can be made while a schedule goes on. Not its job: what must hold at its end (verdict.ts).
 */
import type { CreateRequest, SaveRequest, StoredCheckpoint } from '../../durability/store.js';
import type { GraphNeuron, Subscriber } from '../../graph/graph.js';
import { isExpectation } from '../../graph/expectation.js';
import { isSignal } from '../../graph/collateral.js';
import { type Caused, causeText, deriveCause, parseCause } from '../../propagation/cause.js';
import { StoredRun, type StoredSettlement, writtenBy } from './stored-run.js';

/** What a process knows of the run that the store need not know yet. */
export class Knowledge {
  /** For messages. */
  readonly name: string;
  /** The newest fence that it was given; 0 before the first. */
  fence = 0;
  /** By cause: what its answer makes. */
  readonly children = new Map<string, readonly string[]>();
  /** By cause: what made it. */
  readonly parents = new Map<string, { readonly cause: string; readonly neuron: GraphNeuron }>();

  constructor(name: string) {
    this.name = name;
  }
}

export interface Violation {
  /** One of those of the library, or the name of one of the user's. */
  readonly invariant: string;
  readonly message: string;
}

export interface JournalOptions {
  /** Whether what follows a milestone waits for its checkpoint. */
  readonly holds: boolean;
  /** What arrives at a join is gone when the join's set is complete, and no settlement tells of it. */
  readonly isArrival: (text: string) => boolean;
  /** How a payload is written. */
  readonly encode: (payload: unknown) => string;
}

export class Journal {
  readonly stored = new StoredRun();
  /** How often each handler was called, by activation id. */
  readonly calls = new Map<string, number>();
  #violation: Violation | undefined;
  readonly #options: JournalOptions;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** The first one. */
  get violation(): Violation | undefined {
    return this.#violation;
  }

  violate(invariant: string, message: string): void {
    this.#violation ??= { invariant, message };
  }

  /** The store has given a lease to a process. */
  onGranted(by: Knowledge, fence: number): void {
    const { stored } = this;
    if (fence <= stored.fence) {
      this.violate('I3', `${by.name} was given the fence ${fence}, and ${stored.fence} was given out before`);
    }
    stored.fence = Math.max(stored.fence, fence);
    by.fence = fence;
    by.children.clear();
    by.parents.clear();
  }

  /** The store has given a checkpoint to a process that asked for the newest. */
  onLoaded(by: Knowledge, loaded: StoredCheckpoint | undefined): void {
    const { seq, parts } = this.stored;
    if (seq === 0) return;
    if (loaded === undefined || loaded.seq < seq) {
      const got = loaded === undefined ? 'nothing' : `checkpoint ${loaded.seq}`;
      this.violate('I2', `the store has taken checkpoint ${seq}, and gave ${by.name} ${got}: what it held is lost`);
    } else if (loaded.seq === seq && !areEqual(loaded.parts, parts)) {
      this.violate('I2', `the store gave ${by.name} another checkpoint ${seq} than it has taken`);
    }
  }

  /** The store has accepted a checkpoint of a process. */
  onStored(by: Knowledge, request: SaveRequest | CreateRequest): void {
    const { stored } = this;
    const before = stored.seq;
    if ('fence' in request) this.#checkOrder(by, request);
    const { settled, added, removed } = stored.apply(request);
    if ('fence' in request) this.#checkWrites(request, settled);
    for (const [cause, text] of removed) this.#checkConserved(before, cause, text);
    for (const settlement of settled) this.#checkSettled(by, settlement);
    for (const cause of added) this.#checkMade(by, cause);
  }

  #checkOrder(by: Knowledge, { seq, fence }: SaveRequest): void {
    const { stored } = this;
    if (fence < stored.fence) {
      const what = `the store has accepted checkpoint ${seq} of ${by.name} under the fence ${fence}`;
      this.violate('I5', `${what}, and ${stored.fence} was given to another process before`);
    }
    if (seq <= stored.seq) {
      this.violate('I3', `the store has accepted checkpoint ${seq} of ${by.name} after checkpoint ${stored.seq}`);
    }
  }

  /** A context value changes with a settlement of its neuron only. */
  #checkWrites(request: SaveRequest, settled: readonly StoredSettlement[]): void {
    if (request.whole) return;
    for (const neuron of writtenBy(request)) {
      if (settled.some((one) => one.neuron === neuron && one.outcome === 'responded')) continue;
      this.violate('I1', `checkpoint ${request.seq} changes the context of "${neuron}", of which nothing has settled`);
    }
  }

  /** What was pending and is not any more has settled. @param before the checkpoint in which it was pending */
  #checkConserved(before: number, cause: string, text: string): void {
    const { stored } = this;
    if (stored.settled.has(cause) || stored.isGivenUp(cause) || this.#options.isArrival(text)) return;
    const what = `activation ${cause}${ofNeuron(text)} was pending in checkpoint ${before}`;
    this.violate('I2', `${what}, and in checkpoint ${stored.seq} it is neither pending nor settled`);
  }

  /** A settlement is there as a whole: it is pending no more, and all that it emitted is. */
  #checkSettled(by: Knowledge, { activation, neuron, outcome }: StoredSettlement): void {
    const { stored } = this;
    if (stored.frontier.has(activation)) {
      this.violate('I1', `checkpoint ${stored.seq} holds "${neuron}" (${activation}) as settled, and as pending too`);
    }
    if (outcome === 'failed' || stored.isEnding) return;
    for (const child of by.children.get(activation) ?? []) {
      if (stored.frontier.has(child) || stored.settled.has(child)) continue;
      const what = `checkpoint ${stored.seq} holds "${neuron}" (${activation}) as settled`;
      this.violate('I1', `${what}, and of what it emitted ${child} is neither pending nor settled`);
    }
  }

  /** Nothing is there before what emitted it has settled. */
  #checkMade(by: Knowledge, cause: string): void {
    const { stored } = this;
    const parent = by.parents.get(cause);
    if (parent === undefined || stored.settled.has(parent.cause)) return;
    const what = `checkpoint ${stored.seq} holds ${cause} as pending`;
    this.violate('I1', `${what}, and "${parent.neuron.name}" (${parent.cause}), which emitted it, not as settled`);
  }

  /** A process calls a handler. @param id of the activation */
  onCalled(by: Knowledge, subscriber: Subscriber, id: string, payload: unknown): void {
    const { stored } = this;
    const cause = causeIn(id);
    const called = this.calls.get(id) ?? 0;
    this.calls.set(id, called + 1);
    const what = `${by.name} calls "${subscriber.neuron.name}" (${cause})`;
    if (by.fence < stored.fence) {
      this.violate(
        'I5',
        `${what} under the fence ${by.fence}, and ${stored.fence} was given to another process before`,
      );
    }
    if (stored.settled.has(cause)) this.violate('settled once', `${what}, which is stored as settled`);
    const parent = by.parents.get(cause);
    if (this.#options.holds && parent?.neuron.milestone === true && !stored.settled.has(parent.cause)) {
      this.violate('I4', `${what} before a checkpoint is stored that holds the milestone "${parent.neuron.name}"`);
    }
    const text = parent === undefined ? stored.frontier.get(cause) : undefined;
    if (
      text !== undefined &&
      isOf(subscriber, text) &&
      !text.endsWith(`,"payload":${this.#options.encode(payload)}}`)
    ) {
      this.violate('I2', `${what} with another payload than checkpoint ${stored.seq} holds for it`);
    }
  }

  /** The body of a handler has answered. */
  onAnswered(by: Knowledge, subscriber: Subscriber, id: string, answer: unknown): void {
    const { neuron } = subscriber;
    const cause = causeIn(id);
    const children: string[] = [];
    const parent: Caused = { cause1: 0, cause2: 0 };
    parseCause(parent, cause);
    const items = (Array.isArray(answer) ? answer : [answer]) as readonly unknown[];
    const derive = (index: number, from: { readonly hash1: number; readonly hash2: number }): void => {
      const child: Caused = { cause1: 0, cause2: 0 };
      deriveCause(child, parent, index, from);
      const text = causeText(child);
      children.push(text);
      by.parents.set(text, { cause, neuron });
    };
    items.forEach((item, index) => {
      if (isExpectation(item)) derive(index, subscriber);
      else if (isSignal(item)) {
        for (const heard of neuron.channelOf(item.collateral)?.subscribers ?? []) {
          if (heard.arrival === null) derive(index, heard);
        }
      }
    });
    by.children.set(cause, children);
  }
}

const causeIn = (id: string): string => id.slice(id.lastIndexOf('/') + 1);

/** Whether the text of an activation is one for this subscriber. */
export const isOf = ({ neuron, key, channel }: Subscriber, text: string): boolean =>
  text.includes(`,"neuron":"${neuron.name}","dendrite":"${key}","collateral":"${channel.name}",`);

const ofNeuron = (text: string): string => {
  const name = /"neuron":"([^"]*)"/.exec(text)?.[1];
  return name === undefined ? '' : ` of "${name}"`;
};

function areEqual(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  if (one.size !== other.size) return false;
  for (const [name, text] of one) if (other.get(name) !== text) return false;
  return true;
}
