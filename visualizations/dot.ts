/** The neuron graph in the language of Graphviz. */
import type { HasFlow } from '../src/propagation/operations.js';
import { captionOf } from './caption.js';
import { statechartToDot } from './dot-statechart.js';
import { bounds, EDGE, GRAPH, NODE } from './dot-style.js';
import { type Attributes, attributes, quoted } from './dot-text.js';
import { type DrawingOptions, runOf } from './options.js';
import { INK, MILESTONE_PAINT, OUTSIDE_PAINT, PALETTE } from './palette.js';
import { type Arrow, getPicture, type NeuronNode, type Picture, type PictureNode, type PlaceNode } from './picture.js';
import { countsOf, named, type RunProgress, stateOf } from './progress.js';

/**
 * What `toMermaid` draws, and which way a run went, for Graphviz: `dot -Tpdf`, or `toSvg`.
 * @throws UnknownCollateralError for an entry that is none of the flow, InvalidArgumentError for a run of another one
 */
export function toDot(cns: HasFlow, options: DrawingOptions = {}): string {
  if (options.view === 'statechart') return statechartToDot(cns, options);
  const { direction = 'LR' } = options;
  const run = runOf(cns, options);
  const picture = getPicture(cns, options);
  const names = namesOf(picture, direction);
  const label = { lines: [...captionOf(picture, run), ''] };
  const lines = [
    `digraph ${quoted(picture.name)} {`,
    `  graph${attributes({ ...GRAPH, rankdir: direction, ...bounds(picture.arrows.length), label, labelloc: 't', labeljust: 'l' })}`,
    `  node${attributes(NODE)}`,
    `  edge${attributes(EDGE)}`,
    ...picture.nodes.map((node) => `  ${names.get(node.id)?.node}${attributes(lookOf(node, run, direction))}`),
    ...picture.arrows.map((arrow) => {
      return `  ${names.get(arrow.from)?.tail} -> ${names.get(arrow.to)?.head}${attributes(strokeOf(arrow, run))}`;
    }),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

interface NodeName {
  readonly node: string;
  /** Where its arrows begin. */
  readonly tail: string;
  /** Where those to it end. */
  readonly head: string;
}

/** What each node is called, for people: shown when the pointer rests on it. */
function namesOf({ nodes }: Picture, direction: 'LR' | 'TB'): ReadonlyMap<string, NodeName> {
  const [into, out] = direction === 'LR' ? ['w', 'e'] : ['n', 's'];
  const taken = new Set<string>();
  const free = (name: string): string => {
    let text = name;
    for (let k = 2; taken.has(text); k++) text = `${name} (${k})`;
    taken.add(text);
    return quoted(text);
  };
  return new Map(
    nodes.map((one) => {
      const node = free(one.kind === 'neuron' ? one.name : `${one.label}: ${one.name}`);
      const isBar = one.kind === 'fork' || one.kind === 'join';
      return [
        one.id,
        isBar ? { node, tail: `${node}:bar:${out}`, head: `${node}:bar:${into}` } : { node, tail: node, head: node },
      ];
    }),
  );
}

const lookOf = (node: PictureNode, run: RunProgress | undefined, direction: 'LR' | 'TB'): Attributes =>
  node.kind === 'neuron' ? neuronLook(node, run) : placeLook(node, direction);

function neuronLook({ name, milestone, notes }: NeuronNode, run: RunProgress | undefined): Attributes {
  const progress = named(run?.neurons, name);
  const state = stateOf(progress);
  const lines = [...(progress === undefined ? [] : [countsOf(progress)]), ...notes];
  const small = lines.map((text) => `<br/><font point-size="10">${text}</font>`).join('');
  const paint = state === undefined ? (milestone ? MILESTONE_PAINT : undefined) : PALETTE[state];
  return {
    label: { markup: `<b>${name}</b>${small}` },
    class: ['neuron', ...(milestone ? ['milestone'] : []), ...(state === undefined ? [] : [state])].join(' '),
    peripheries: milestone ? 2 : undefined,
    fillcolor: paint?.fill,
    color: paint?.line,
    fontcolor: paint?.text,
  };
}

function placeLook({ kind, label }: PlaceNode, direction: 'LR' | 'TB'): Attributes {
  const filled = { style: 'filled', fillcolor: INK, fontcolor: '#ffffff' };
  switch (kind) {
    case 'start':
      return { ...filled, class: kind, label, style: 'rounded,filled', fontsize: 11, height: 0.3 };
    case 'outside':
      return {
        class: kind,
        label,
        style: 'rounded,filled,dashed',
        fillcolor: OUTSIDE_PAINT.fill,
        color: OUTSIDE_PAINT.line,
        fontcolor: OUTSIDE_PAINT.text,
        fontsize: 11,
        height: 0.3,
      };
    case 'result':
      return { class: kind, label, penwidth: 2, fontsize: 11, height: 0.3 };
    default: {
      const [width, height] = direction === 'LR' ? [6, 40] : [60, 6];
      const side = `<td width="${label.length * 3}"></td>`; // else the bar becomes as wide as its label
      const bar = `<td port="bar" fixedsize="true" width="${width}" height="${height}" bgcolor="${INK}"></td>`;
      const rows = `<tr>${side}${bar}${side}</tr><tr><td colspan="3">${label}</td></tr>`;
      const table = `<table border="0" cellborder="0" cellspacing="0" cellpadding="0">${rows}</table>`;
      return { class: kind, shape: 'plain', style: 'solid', label: { markup: table }, fontcolor: INK, fontsize: 10 };
    }
  }
}

/** What a run has emitted is stronger, and counted where it is more than one. */
function strokeOf(arrow: Arrow, run: RunProgress | undefined): Attributes {
  const { collateral, labelled, emitter, awaited } = arrow;
  const emitted = emitter === null || collateral === null ? 0 : (named(named(run?.emitted, emitter), collateral) ?? 0);
  const isTaken = emitted > 0 || (emitter === null && run !== undefined && isReceived(arrow, run));
  return {
    class: isTaken ? 'signal taken' : 'signal',
    label: labelled && collateral !== null ? `${collateral}${emitted > 1 ? ` × ${emitted}` : ''}` : undefined,
    penwidth: isTaken ? 2 : undefined,
    style: awaited ? 'dashed' : undefined,
    color: awaited ? OUTSIDE_PAINT.line : undefined,
  };
}

/** Of what comes from outside or from a bar: by its listener, or by anybody behind the bar that it leads to. */
function isReceived({ collateral, listener }: Arrow, { received, neurons }: RunProgress): boolean {
  if (collateral === null) {
    const { settled = 0, failed = 0, running = 0 } = named(neurons, listener as string) ?? {};
    return settled + failed + running > 0;
  }
  if (listener !== null) return named(received, listener)?.includes(collateral) === true;
  return Object.values(received).some((names) => names.includes(collateral));
}
