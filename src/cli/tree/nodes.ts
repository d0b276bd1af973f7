/** The nodes of a tree, without their places in it: what has settled, and what is open. */
import type { SettledEvent } from '../../durability/events.js';
import type { ActivationRecord, PendingActivation, RunContext } from '../../propagation/context.js';
import { groupBy } from './group-by.js';
import type { NodeState, RunNode } from './run-tree.js';

/** What is known of a run. */
export interface RunFacts {
  readonly context: RunContext;
  /** Oldest first. */
  readonly events: readonly SettledEvent[];
  readonly omitted: number;
  /** What it was started with, as far as that can be read. */
  readonly entry: RunEntry;
}

export interface RunEntry {
  /** The collaterals of its signals. */
  readonly signals: readonly string[];
  /** The causes of what another run had left. */
  readonly tasks: readonly string[];
}

/** What the newest checkpoint says of an activation. */
interface Open {
  readonly state: NodeState;
  readonly of: ActivationRecord;
  readonly pending?: PendingActivation;
  readonly error?: unknown;
}

export function nodesOf(facts: RunFacts): RunNode[] {
  const open = openOf(facts.context);
  const nodes: RunNode[] = [];
  for (const [activation, events] of groupBy(knownEvents(facts), ({ activation }) => activation)) {
    const now = open.get(activation);
    open.delete(activation);
    nodes.push(nodeOf(events, now, nodes.length));
  }
  for (const now of open.values()) nodes.push(nodeOf([], now, nodes.length));
  return nodes;
}

function openOf({ joined, failed, frontier }: RunContext): Map<string, Open> {
  const open = new Map<string, Open>();
  for (const of of joined) open.set(of.activation, { of, state: 'arrived' });
  for (const of of failed) {
    open.set(of.activation, { of, state: of.aborted ? 'cut' : 'failed', error: of.error });
  }
  for (const of of frontier) open.set(of.activation, { of, state: 'pending', pending: of });
  return open;
}

/** Without those that the checkpoint does not know yet: it was read before they were stored. */
function knownEvents({ context, events }: RunFacts): readonly SettledEvent[] {
  const open = new Set(context.frontier.map(({ activation }) => activation));
  const first = events.findIndex(({ activation, outcome }) => outcome === 'responded' && open.has(activation));
  return first < 0 ? events : events.slice(0, first);
}

/** @param now missing for what has settled and left nothing */
function nodeOf(events: readonly SettledEvent[], now: Open | undefined, place: number): RunNode {
  const event = now === undefined || now.state === 'failed' ? events.at(-1) : undefined;
  const { activation, neuron, dendrite } = (now?.of ?? event) as SettledEvent;
  return {
    ...{ kind: 'node', activation, neuron, dendrite, place, event },
    state: event === undefined ? (now?.state ?? 'done') : event.outcome === 'failed' ? 'failed' : 'done',
    isExpectation: now?.of.expects !== undefined,
    pending: now?.pending,
    error: now?.error ?? event?.error,
    before: event === undefined ? events : events.slice(0, -1),
    ...{ parent: undefined, joinedWith: [], isGuess: false, undoing: undefined, children: [] },
  };
}
