/**
 * A tree as rows, folded. A chain stays in its column, only branches indent: and where one branch is a long way to go,
 * it goes on in the column below the others, so that no run, however long, walks off the screen.
 *
 * Job: which rows there are, and what stands before them. Not its job: what they say (notes.ts), how they are cut
 * (draw.ts). Without recursion: chains may be as long as runs are.
 */
import type { Glyphs } from '../glyphs.js';
import type { Attempt } from './attempts.js';
import { type RunNode, type RunRoot, type RunTree, settledAt } from './run-tree.js';

export type Row =
  | { readonly kind: 'root'; readonly prefix: string; readonly rest: string; readonly root: RunRoot }
  | { readonly kind: 'node'; readonly prefix: string; readonly rest: string; readonly node: RunNode }
  | { readonly kind: 'fold'; readonly prefix: string; readonly nodes: readonly RunNode[]; readonly below: number }
  | { readonly kind: 'resumed'; readonly prefix: string; readonly attempt: Attempt };

export interface Folding {
  /** How many of what is alike are shown. */
  readonly alike: number;
  /** How many of a chain are shown. */
  readonly chain: number;
}

export const FOLDING: Folding = { alike: 4, chain: 40 };

/** A branch with more levels than this goes on in the column of its parent. */
const LONG = 3;

type Step = { readonly row: Row } | { readonly start: RunNode; readonly prefix: string; readonly rest: string };

export function rowsOf(tree: RunTree, attempts: readonly Attempt[], folding: Folding, glyphs: Glyphs): Row[] {
  const sizes = measure(tree);
  const marks = new Resumptions(attempts);
  const rows: Row[] = [];
  const steps: Step[] = [];
  for (const root of tree.roots) {
    rows.push({ kind: 'root', prefix: '', rest: '', root });
    steps.push(...branchesOf(root, '', true, folding, sizes, glyphs));
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      if ('row' in step) rows.push(step.row);
      else {
        const { rest } = step;
        const segment = segmentOf(step.start);
        rows.push(...chainRows(segment, step, folding, marks));
        const last = segment.at(-1) as RunNode;
        if (last.children.length > 1) steps.push(...branchesOf(last, rest, false, folding, sizes, glyphs));
      }
    }
  }
  return rows;
}

interface Sizes {
  /** How many levels are below it. */
  readonly height: ReadonlyMap<RunNode, number>;
  /** How many nodes are below it. */
  readonly count: ReadonlyMap<RunNode, number>;
}

function measure({ roots }: RunTree): Sizes {
  const order: RunNode[] = [];
  for (const root of roots) order.push(...root.children);
  for (let at = 0; at < order.length; at++) for (const child of (order[at] as RunNode).children) order.push(child);
  const height = new Map<RunNode, number>();
  const count = new Map<RunNode, number>();
  for (let at = order.length - 1; at >= 0; at--) {
    const node = order[at] as RunNode;
    let levels = 0;
    let nodes = 0;
    for (const child of node.children) {
      levels = Math.max(levels, (height.get(child) ?? 0) + 1);
      nodes += (count.get(child) ?? 0) + 1;
    }
    height.set(node, levels);
    count.set(node, nodes);
  }
  return { height, count };
}

/** A node, and what follows as long as nothing branches. */
function segmentOf(start: RunNode): RunNode[] {
  const segment = [start];
  for (let at = start; at.children.length === 1;) segment.push((at = at.children[0] as RunNode));
  return segment;
}

/** What follows a node that branches; the first is on top of the stack. */
function branchesOf(
  parent: RunNode | RunRoot,
  rest: string,
  isRoot: boolean,
  { alike }: Folding,
  { height, count }: Sizes,
  glyphs: Glyphs,
): Step[] {
  const { children } = parent;
  const [only, second] = children;
  if (only !== undefined && second === undefined) return [{ start: only, prefix: rest, rest }];
  const heightOf = (node: RunNode) => height.get(node) ?? 0;
  const tallest = children.reduce(
    (best, node) => (heightOf(node) > heightOf(best) ? node : best),
    children[0] as RunNode,
  );
  const on = !isRoot && heightOf(tallest) > LONG ? tallest : undefined;
  const items = foldAlike(
    children.filter((child) => child !== on),
    alike,
  );
  const steps: Step[] = items.map((item, i) => {
    const isLast = on === undefined && i === items.length - 1;
    const prefix = rest + (isLast ? glyphs.last : glyphs.branch);
    if (!Array.isArray(item))
      return { start: item as RunNode, prefix, rest: rest + (isLast ? glyphs.blank : glyphs.past) };
    const nodes = item as readonly RunNode[];
    const below = nodes.reduce((sum, node) => sum + (count.get(node) ?? 0), 0);
    return { row: { kind: 'fold', prefix, nodes, below } };
  });
  if (on !== undefined) steps.push({ start: on, prefix: rest, rest });
  return steps.reverse();
}

/** Nodes, and lists of those that are folded. */
function foldAlike(children: readonly RunNode[], alike: number): (RunNode | readonly RunNode[])[] {
  const groups = new Map<string, RunNode[]>();
  for (const child of children) {
    const group = groups.get(nameOf(child));
    if (group === undefined) groups.set(nameOf(child), [child]);
    else group.push(child);
  }
  const hidden = new Map<RunNode, readonly RunNode[]>();
  const isHidden = new Set<RunNode>();
  for (const group of groups.values()) {
    if (group.length <= alike + 2) continue;
    const kept = new Set([...group].sort((a, b) => rankOf(a) - rankOf(b) || a.place - b.place).slice(0, alike));
    const folded = group.filter((node) => !kept.has(node));
    for (const node of folded) isHidden.add(node);
    hidden.set(
      kept.size === 0 ? (folded[0] as RunNode) : (group.findLast((node) => kept.has(node)) as RunNode),
      folded,
    );
  }
  return children.flatMap((child) => {
    const folded = hidden.get(child);
    const shown = isHidden.has(child) ? [] : [child];
    return folded === undefined ? shown : [...shown, folded];
  });
}

const nameOf = ({ neuron, dendrite, isExpectation }: RunNode): string => `${neuron}/${dendrite}/${isExpectation}`;

/** What a person wants to see first. */
const rankOf = ({ state }: RunNode): number => (state === 'failed' ? 0 : state === 'pending' ? 1 : 2);

function chainRows(
  segment: readonly RunNode[],
  { prefix, rest }: { readonly prefix: string; readonly rest: string },
  { alike, chain }: Folding,
  marks: Resumptions,
): Row[] {
  const rows: Row[] = [];
  let run: Row[] = [];
  const endRun = (): void => {
    rows.push(...withoutMiddle(run, alike, rest));
    run = [];
  };
  for (const [i, node] of segment.entries()) {
    const resumed = marks.before(node);
    const [last] = run.slice(-1);
    const isLike = last?.kind === 'node' && nameOf(last.node) === nameOf(node) && node.state === 'done';
    if (resumed.length > 0 || !isLike) endRun();
    for (const attempt of resumed) rows.push({ kind: 'resumed', prefix: rest, attempt });
    run.push({ kind: 'node', prefix: i === 0 ? prefix : rest, rest, node });
  }
  endRun();
  return [...withoutMiddle(rows, chain, rest)];
}

/** Folds what is too long in the middle, where it holds nothing but nodes and folds. */
function withoutMiddle(rows: readonly Row[], most: number, prefix: string): readonly Row[] {
  if (rows.length <= most + 2) return rows;
  const head = Math.ceil(most / 2);
  const middle = rows.slice(head, rows.length - (most - head));
  const out: Row[] = [...rows.slice(0, head)];
  let folded: RunNode[] = [];
  const end = (): void => {
    if (folded.length > 0) out.push({ kind: 'fold', prefix, nodes: folded, below: 0 });
    folded = [];
  };
  for (const row of middle) {
    if (row.kind === 'node') folded.push(row.node);
    else if (row.kind === 'fold') folded.push(...row.nodes);
    else {
      end();
      out.push(row);
    }
  }
  end();
  return [...out, ...rows.slice(rows.length - (most - head))];
}

/** Where the run was taken up again: each time stands once, before the first that was done in it. */
class Resumptions {
  readonly #attempts: readonly Attempt[];
  #told = 0;

  constructor(attempts: readonly Attempt[]) {
    this.#attempts = attempts;
  }

  before(node: RunNode): readonly Attempt[] {
    const told = this.#told;
    while (this.#told < this.#attempts.length) {
      const { after } = this.#attempts[this.#told] as Attempt;
      if ((settledAt(node) ?? Infinity) <= after || node.state === 'cut') break;
      this.#told++;
    }
    return this.#attempts.slice(told, this.#told);
  }
}
