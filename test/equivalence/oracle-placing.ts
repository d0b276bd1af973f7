/** One event of the oracle, half done: how activations are placed, leave, fail, and what happens at the end of every event. */
import type {
  Details,
  Ending,
  FailedActivation,
  JoinedActivation,
  OwedActivation,
  PendingActivation,
  PendingState,
  RunContext,
} from '../../src/propagation/context.js';
import type { Effect, ExpectationData, SignalData } from '../../src/propagation/events.js';
import {
  firingOf,
  joinOf,
  neuronIn,
  type OracleGraph,
  type OracleJoin,
  reachedFrom,
  subscribersOf,
} from './oracle-graph.js';

/** Names activations. */
export interface Causes {
  /** `parent` is the cause of the activation that answered, null for a signal from outside. */
  of(parent: string | null, index: number, subscriber: string, deliveryId?: string): string;
  /** Of a complete set: the causes of what it consists of, slot by slot. */
  ofJoin(parents: string[][], subscriber: string): string;
}

/** A context in the making: nothing is missing, and what a field holds is replaced, never changed in place. */
export type Draft = { -readonly [K in keyof RunContext]: RunContext[K] } & {
  hops: Record<string, number>;
};

/** An activation that has no place yet. */
export type Made = Omit<PendingActivation, 'n' | 'state' | 'after'>;

/** Where a signal comes from, and the milestone activation that holds it, if any. */
export interface Origin {
  parent: string | null;
  index: number;
  deliveryId?: string | undefined;
  heldBy?: string | undefined;
}

export const byPlace = (a: { n: number }, b: { n: number }): number => a.n - b.n;

const DETAILS = ['attempt', 'due', 'expects', 'within', 'otherwise', 'undoes', 'origin'] as const;

/** What of these there is: a detail is there or it is missing, it is never undefined. */
export const detailsOf = (of: { [K in keyof Details]?: Details[K] | undefined }): Details =>
  Object.fromEntries(DETAILS.flatMap((key) => (of[key] === undefined ? [] : [[key, of[key]]])));

export const plainOf = (of: Made): Made => {
  const { activation, neuron, dendrite, collateral, payload } = of;
  return { activation, neuron, dendrite, collateral, payload, ...detailsOf(of) };
};

export const ABORTED = { code: 'ABORTED' };

export class Turn {
  readonly effects: Effect[] = [];

  constructor(
    readonly graph: OracleGraph,
    readonly causes: Causes,
    readonly run: Draft,
  ) {}

  /** One signal to all of its subscribers. */
  emit({ collateral, payload, due }: SignalData, { parent, index, deliveryId, heldBy }: Origin): void {
    if (collateral === this.run.outputFrom) this.run.output = payload;
    for (const { neuron, key: dendrite } of subscribersOf(this.graph, collateral)) {
      const activation = this.causes.of(parent, index, `${neuron}/${dendrite}`, deliveryId);
      this.place({ activation, neuron, dendrite, collateral, payload, ...detailsOf({ due }) }, heldBy);
    }
  }

  /** The rules of placing, in their order. A join tells nobody of what it starts. */
  place(made: Made, heldBy?: string, isToldOf = true): void {
    const { run } = this;
    const n = this.takePlace();
    if (run.ending !== undefined) return this.record(made, ABORTED, true);
    const isArrival = joinOf(this.graph, made) !== undefined;
    const most = run.options?.maxNeuronHops;
    if (most !== undefined && !isArrival && made.expects === undefined && made.undoes === undefined) {
      const hops = (run.hops[made.neuron] ?? 0) + 1;
      run.hops = { ...run.hops, [made.neuron]: hops };
      if (hops > most) return this.settleBadly(made, { code: 'HOP_LIMIT' });
    }
    if (run.frontier.length >= (run.options?.maxFrontier ?? 1_000_000)) {
      return this.settleBadly(made, { code: 'FRONTIER_LIMIT' });
    }
    if (heldBy !== undefined) {
      run.frontier = [...run.frontier, { ...made, n, state: 'held', after: heldBy }];
    } else if (made.expects !== undefined) {
      run.frontier = [...run.frontier, { ...made, n, state: 'waiting' }];
    } else {
      run.frontier = [...run.frontier, { ...made, n, state: made.due === undefined ? 'queued' : 'delayed' }];
      if (isToldOf) this.effects.push({ type: 'deliver', collateral: made.collateral, neuron: made.neuron });
    }
  }

  /** What a neuron waits for; there may be an early signal for it. */
  expect(by: PendingActivation, { index, expects, due, within, otherwise }: ExpectationData, heldBy?: string): void {
    const { run } = this;
    const { neuron, dendrite, collateral, payload } = by;
    const activation = this.causes.of(by.activation, index, `${neuron}/${dendrite}`);
    const details = detailsOf({ expects, due, within, otherwise });
    const n = this.takePlace();
    const made: Made = { activation, neuron, dendrite, collateral, payload, ...details };
    if (run.ending !== undefined) return this.record(made, ABORTED, true);
    if (heldBy === undefined) this.open(made, n);
    else run.frontier = [...run.frontier, { ...made, n, state: 'held', after: heldBy }];
  }

  /** It waits, unless what it waits for came early. */
  open(made: Made, n: number): void {
    const { run } = this;
    const first = run.early.find((each) => each.collateral === made.expects);
    if (first === undefined) {
      run.frontier = [...run.frontier, { ...made, n, state: 'waiting' }];
      return;
    }
    run.settled += 1;
    this.effects.push({ type: 'closed', neuron: made.neuron, outcome: 'responded' });
    run.early = run.early.filter((each) => each !== first);
    this.emit(first, { parent: null, index: first.index, deliveryId: first.deliveryId });
  }

  /** It has arrived at its join; complete sets leave at once. */
  arrive(arrival: PendingActivation, key: string, size: number | undefined): void {
    const { run } = this;
    this.remove(arrival);
    if (run.ending !== undefined) return this.record(arrival, ABORTED, true);
    const waiting: JoinedActivation = {
      ...plainOf(arrival),
      n: arrival.n,
      key,
      ...(size === undefined ? {} : { size }),
    };
    run.joined = [...run.joined, waiting].sort(byPlace);
    const join = joinOf(this.graph, arrival) as OracleJoin;
    for (let set = this.completeSet(join, waiting); set !== null; set = this.completeSet(join, waiting)) {
      run.joined = run.joined.filter((each) => !set.flat().includes(each));
      this.fire(join, waiting.neuron, set);
    }
  }

  /** The oldest arrivals of each slot, as many as the oldest of the slot says; null when a slot has too few. */
  private completeSet(join: OracleJoin, { neuron, key }: JoinedActivation): JoinedActivation[][] | null {
    const set = Object.values(join.slots).map((collateral) => {
      const arrived = this.run.joined.filter(
        (each) =>
          each.neuron === neuron &&
          each.key === key &&
          each.collateral === collateral &&
          joinOf(this.graph, each) === join,
      );
      const wanted = arrived[0]?.size ?? 1;
      return arrived.length < wanted ? null : arrived.slice(0, wanted);
    });
    return set.every((each) => each !== null) ? set : null;
  }

  private fire(join: OracleJoin, neuron: string, set: JoinedActivation[][]): void {
    const { dendrite, collateral } = firingOf(neuronIn(this.graph, neuron), join);
    const parents = set.map((arrived) => arrived.map(({ activation }) => activation));
    const payloads = set.map((arrived) => {
      const all = arrived.map(({ payload }) => payload);
      return join.sized ? all : all[0];
    });
    const payload = Object.fromEntries(Object.keys(join.slots).map((slot, at) => [slot, payloads[at]]));
    const activation = this.causes.ofJoin(parents, `${neuron}/${dendrite}`);
    this.place({ activation, neuron, dendrite, collateral, payload }, undefined, false);
  }

  takePlace(): number {
    this.run.next += 1;
    return this.run.next - 1;
  }

  /** Another state, and perhaps another place or other details. */
  move(entry: PendingActivation, state: PendingState, more: Partial<PendingActivation> = {}): void {
    const { run } = this;
    run.frontier = run.frontier.map((each) => (each === entry ? { ...each, ...more, state } : each));
  }

  /** To the end of the queue, or to what is due later. */
  requeue(entry: PendingActivation, made: Made = plainOf(entry)): void {
    this.remove(entry);
    const state = made.due === undefined ? 'queued' : 'delayed';
    this.run.frontier = [...this.run.frontier, { ...made, n: this.takePlace(), state }];
    this.effects.push({ type: 'deliver', collateral: made.collateral, neuron: made.neuron });
  }

  remove(entry: PendingActivation): void {
    this.run.frontier = this.run.frontier.filter((each) => each !== entry);
  }

  /** An activation has ended well. */
  leave(entry: PendingActivation): void {
    this.remove(entry);
    this.run.settled += 1;
  }

  /** One that is in no list any more, or never was, has failed. */
  settleBadly(made: Made, error: unknown): void {
    this.run.settled += 1;
    this.record(made, error, false);
  }

  record(made: Made, error: unknown, aborted: boolean): void {
    const failed: FailedActivation = { ...plainOf(made), error, aborted };
    this.run.failed = [...this.run.failed, failed];
  }

  /** What every event ends with: at most one activation begins, a run with nothing left ends, values go. */
  finish(): void {
    const { run } = this;
    this.beginOne();
    if (run.status === 'running' && run.frontier.length === 0 && run.barriers.length === 0) this.end();
    this.cleanUp();
    if (run.status !== 'running') this.effects.push({ type: 'end', status: run.status });
  }

  private cleanUp(): void {
    const { run } = this;
    if (run.options?.autoCleanup !== true || Object.keys(run.values).length === 0) return;
    const reached = reachedFrom(
      this.graph,
      [...run.frontier, ...run.joined, ...run.owed].map(({ neuron }) => neuron),
    );
    run.values = Object.fromEntries(Object.entries(run.values).filter(([neuron]) => reached.includes(neuron)));
  }

  /** The queue's head asks or starts, unless another does so already. */
  private beginOne(): void {
    const { run } = this;
    if (run.status !== 'running') return;
    if (run.frontier.some(({ state }) => state === 'starting' || state === 'asking')) return;
    const active = run.frontier.filter(({ state }) => state === 'running').length;
    if (run.options?.concurrency !== undefined && active >= run.options.concurrency) return;
    const [head] = run.frontier.filter(({ state }) => state === 'queued' || state === 'granted').sort(byPlace);
    if (head === undefined) return;
    const { activation, neuron } = head;
    const isGated = neuronIn(this.graph, neuron).concurrency && joinOf(this.graph, head) === undefined;
    const asks = isGated && head.state !== 'granted';
    this.move(head, asks ? 'asking' : 'starting');
    this.effects.push({ type: asks ? 'acquire' : 'start', activation, neuron });
  }

  /** Nothing is left to do, but perhaps something to undo. */
  private end(): void {
    const { run } = this;
    if (run.ending === undefined) {
      for (const each of run.joined) this.settleBadly(each, { code: 'INCOMPLETE_JOIN' });
      run.joined = [];
      if (run.failed.length === 0 || run.owed.length === 0) {
        run.status = run.failed.length === 0 ? 'completed' : 'failed';
        return;
      }
      run.ending = { status: 'failed', compensate: true };
    }
    const { status, compensate }: Ending = run.ending;
    const last = run.owed.at(-1);
    if (compensate && last !== undefined) this.undo(last);
    else run.status = status;
  }

  private undo(owed: OwedActivation): void {
    const { run } = this;
    const { neuron, payload, origin, activation: cause } = owed;
    run.owed = run.owed.filter((each) => each !== owed);
    const activation = this.causes.of(cause, 0, `${neuron}/undo`);
    const undo = { dendrite: 'undo', collateral: 'undo' };
    const made: Made = { activation, neuron, ...undo, payload, undoes: origin ?? cause };
    const n = this.takePlace();
    if (run.hold) {
      run.barriers = [...run.barriers, { activation: cause, n: this.takePlace(), neuron }];
      run.frontier = [...run.frontier, { ...made, n, state: 'held', after: cause }];
    } else {
      run.frontier = [...run.frontier, { ...made, n, state: 'queued' }];
    }
    this.effects.push({ type: 'moved' });
    this.beginOne();
  }
}
