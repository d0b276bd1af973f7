/**
 * Who started what in a run. The store does not say it, and need not: the cause of an activation is a hash of its
 * parent's, the index of the signal in the parent's answer, and the subscriber's name (propagation/cause.ts). So for
 * every settlement the causes of what it may have started are computed and looked up. No graph is needed, and stores of
 * any age will do.
 *
 * What cannot be computed, and what is done instead:
 *  - `emitted` leaves out expectations, which take an index too: these are found first;
 *  - what arrives at a join leaves no event: join-parents.ts finds it by what the event of the set says;
 *  - a signal from outside is a beginning of its own: the expectation that it met is not told;
 *  - what led to the rest was omitted, or lost: it stands below a root that says so.
 */
import { type Caused, deliveryCause, ENTRY, OUTSIDE } from '../../propagation/cause.js';
import { CauseIndex } from './cause-index.js';
import { attachJoins, type Emission } from './join-parents.js';
import { nodesOf, type RunFacts } from './nodes.js';
import { collateralOf, type RunNode, type RunRoot, type RunTree, UNDO } from './run-tree.js';

/** How many expectations of one answer, before the next that is known, may have left nothing. */
const MOST_LOST_WAITS = 2;
/** How many signals without a delivery id are reckoned with. */
const MOST_OUTSIDE = 100_000;

export function treeOf(facts: RunFacts): RunTree {
  const nodes = nodesOf(facts);
  const index = new CauseIndex();
  for (const node of nodes) index.add(node);
  const dendrites = dendritesOf(nodes);
  const roots: RunRoot[] = [];
  const emissions: Emission[] = [];
  const begin = (root: Omit<RunRoot, 'kind' | 'children'>, parent: Readonly<Caused>, at: number): void => {
    const made: RunRoot = { kind: 'root', ...root, children: [] };
    for (const { neuron, dendrite } of dendrites.get(root.collateral) ?? []) {
      const node = index.child(parent, at, neuron, dendrite);
      if (node !== undefined && node.parent === undefined) attach(node, made);
    }
    emissions.push({ by: made, cause: parent, index: at, collateral: root.collateral });
    if (made.children.length > 0) roots.push(made);
  };
  facts.entry.signals.forEach((collateral, at) =>
    begin({ from: 'entry', collateral, deliveryId: undefined }, ENTRY, at),
  );
  for (const node of nodes) attachChildren(node, index, dendrites, emissions);
  const isLeft = () => nodes.some((node) => node.parent === undefined);
  if (isLeft()) {
    const collaterals = new Set([...dendrites.keys()].flatMap((name) => name.split('+')));
    for (const deliveryId of facts.context.deliveries) {
      const cause = deliveryCause(deliveryId);
      for (const collateral of collaterals) begin({ from: 'outside', collateral, deliveryId }, cause, 0);
    }
  }
  attachJoins(nodes, emissions, index);
  if (isLeft()) beginOutside(facts, nodes, index, roots);
  const tasks = new Set(facts.entry.tasks);
  for (const from of ['task', 'unknown'] as const) {
    const isMeant = ({ activation }: RunNode) => from === 'unknown' || tasks.has(activation);
    const found = nodes.filter((node) => node.parent === undefined && isMeant(node));
    if (found.length === 0) continue;
    const root: RunRoot = { kind: 'root', from, collateral: '', deliveryId: undefined, children: [] };
    for (const node of found) attach(node, root);
    roots.push(root);
  }
  const isRoot = new Set<RunNode | RunRoot>(roots);
  for (const { parent } of nodes) {
    if (parent?.kind !== 'root' || isRoot.has(parent)) continue;
    isRoot.add(parent);
    roots.push(parent); // of arrivals at joins
  }
  for (const { children } of [...nodes, ...roots]) children.sort((a, b) => a.place - b.place);
  return { roots: roots.sort((a, b) => placeOf(a) - placeOf(b)), nodes, omitted: facts.omitted };
}

const RANKS: readonly RunRoot['from'][] = ['entry', 'task', 'outside', 'unknown'];
const placeOf = ({ from, children }: RunRoot): number =>
  from === 'unknown' ? Infinity : (children[0]?.place ?? 0) + RANKS.indexOf(from) / 10;

type Dendrite = Pick<RunNode, 'neuron' | 'dendrite'>;

/** Who listens to a collateral, as far as anybody of them was reached. */
function dendritesOf(nodes: readonly RunNode[]): Map<string, Dendrite[]> {
  const found = new Map<string, Dendrite[]>();
  const known = new Set<string>();
  for (const node of nodes) {
    const name = `${node.neuron}/${node.dendrite}`;
    if (known.has(name)) continue;
    known.add(name);
    const collateral = collateralOf(node);
    found.set(collateral, [...(found.get(collateral) ?? []), node]);
  }
  return found;
}

function attach(node: RunNode, parent: RunNode | RunRoot): void {
  node.parent = parent;
  parent.children.push(node);
}

/** What the signals of an activation have started, what waits in its place, and what undoes it. */
function attachChildren(
  node: RunNode,
  index: CauseIndex,
  dendrites: ReadonlyMap<string, readonly Dendrite[]>,
  emissions: Emission[],
): void {
  const cause = index.causeOf(node);
  const answer = [...node.before, node.event].findLast((each) => each?.outcome === 'responded');
  if (answer !== undefined) {
    const waits = waitsOf(node, answer.emitted.length, index);
    let at = 0;
    for (const collateral of answer.emitted) {
      while (waits.has(at)) at++;
      for (const { neuron, dendrite } of dendrites.get(collateral) ?? []) {
        const child = index.child(cause, at, neuron, dendrite);
        if (child !== undefined && child !== node && child.parent === undefined) attach(child, node);
      }
      emissions.push({ by: node, cause, index: at, collateral });
      at++;
    }
  }
  const undoing = index.child(cause, 0, node.neuron, UNDO);
  if (undoing === undefined || undoing.parent !== undefined) return;
  undoing.parent = node; // not among the children: it is a fact of this one
  node.undoing = undoing;
}

/**
 * The places in an answer at which it waits: those are no signals, and `emitted` leaves them out. What waits has the
 * subscriber of its parent, and is never called. @returns these places
 */
function waitsOf(node: RunNode, emitted: number, index: CauseIndex): ReadonlySet<number> {
  const places = new Set<number>();
  const cause = index.causeOf(node);
  for (let at = 0; at < emitted + places.size + MOST_LOST_WAITS; at++) {
    const wait = index.child(cause, at, node.neuron, node.dendrite);
    if (wait === undefined || wait === node || !isWait(wait)) continue;
    wait.isExpectation = true;
    if (wait.parent === undefined) attach(wait, node);
    places.add(at);
  }
  return places;
}

const isWait = ({ isExpectation, event }: RunNode): boolean => isExpectation || event?.waited !== undefined;

/** Signals without a delivery id: their index is their place in the order of readiness. */
function beginOutside({ context }: RunFacts, nodes: readonly RunNode[], index: CauseIndex, roots: RunRoot[]): void {
  const listeners = new Map<string, RunNode>();
  for (const node of nodes) if (node.parent === undefined) listeners.set(`${node.neuron}/${node.dendrite}`, node);
  for (let at = 0; at <= Math.min(context.next, MOST_OUTSIDE); at++) {
    let root: RunRoot | undefined;
    for (const { neuron, dendrite } of listeners.values()) {
      const node = index.child(OUTSIDE, at, neuron, dendrite);
      if (node === undefined || node.parent !== undefined) continue;
      const collateral = collateralOf(node);
      root ??= { kind: 'root', from: 'outside', collateral, deliveryId: undefined, children: [] };
      attach(node, root);
    }
    if (root !== undefined) roots.push(root);
  }
}
