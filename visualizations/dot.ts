/** The neuron graph in the language of Graphviz. */
import type { HasFlow } from '../src/propagation/operations.js';
import { statechartToDot } from './dot-statechart.js';
import { bounds, EDGE, GRAPH, NODE } from './dot-style.js';
import { attributes, quoted } from './dot-text.js';
import { type DrawingOptions, runOf } from './options.js';
import { INK, MILESTONE_PAINT, OUTSIDE_PAINT, PALETTE } from './palette.js';
import { type Arrow, getPicture, type NeuronNode, type Picture, type PictureNode, type PlaceNode } from './picture.js';
import { countsOf, type RunProgress, stateOf } from './progress.js';

/**
 * The same picture as `toMermaid`, for Graphviz: `dot -Tpdf`, or `toSvg`.
 * @throws UnknownCollateralError for an entry that is none of the flow, InvalidArgumentError for a run of another one
 */
export function toDot(cns: HasFlow, options: DrawingOptions = {}): string {
  if (options.view === 'statechart') return statechartToDot(cns, options);
  const { direction = 'LR' } = options;
  const run = runOf(cns, options);
  const picture = getPicture(cns, options);
  const names = namesOf(picture);
  const name = (id: string): string => quoted(names.get(id) ?? id);
  const lines = [
    `digraph ${quoted(picture.name)} {`,
    `  graph${attributes({ ...GRAPH, rankdir: direction, ...bounds(picture.arrows.length), ...titled(run) })}`,
    `  node${attributes(NODE)}`,
    `  edge${attributes(EDGE)}`,
    ...picture.nodes.map((node) => `  ${name(node.id)}${attributes(lookOf(node, run, direction))}`),
    ...picture.arrows.map((arrow) => `  ${name(arrow.from)} -> ${name(arrow.to)}${attributes(strokeOf(arrow, run))}`),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

const titled = (run: RunProgress | undefined): Readonly<Record<string, string>> =>
  run === undefined ? {} : { label: `${run.id}: ${run.status}`, labelloc: 't' };

/** What each node is called, for people: shown when the pointer rests on it. */
function namesOf({ nodes }: Picture): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const free = (name: string): string => {
    let text = name;
    for (let k = 2; taken.has(text); k++) text = `${name} (${k})`;
    taken.add(text);
    return text;
  };
  return new Map(
    nodes.map((node) => [node.id, free(node.kind === 'neuron' ? node.name : `${node.label}: ${node.name}`)]),
  );
}

type Look = Readonly<Record<string, string | number | undefined>>;

const lookOf = (node: PictureNode, run: RunProgress | undefined, direction: 'LR' | 'TB'): Look =>
  node.kind === 'neuron' ? neuronLook(node, run) : placeLook(node, direction);

function neuronLook({ name, milestone, notes }: NeuronNode, run: RunProgress | undefined): Look {
  const progress = run?.neurons[name];
  const state = stateOf(progress);
  const lines = [...(progress === undefined ? [] : [countsOf(progress)]), ...notes];
  const small = lines.map((text) => `<br/><font point-size="10">${text}</font>`).join('');
  const paint = state === undefined ? (milestone ? MILESTONE_PAINT : undefined) : PALETTE[state];
  return {
    label: `<<b>${name}</b>${small}>`,
    class: ['neuron', ...(milestone ? ['milestone'] : []), ...(state === undefined ? [] : [state])].join(' '),
    peripheries: milestone ? 2 : undefined,
    fillcolor: paint?.fill,
    color: paint?.line,
    fontcolor: paint?.text,
  };
}

function placeLook({ kind, label }: PlaceNode, direction: 'LR' | 'TB'): Look {
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
      const [width, height] = direction === 'LR' ? [0.07, 0.6] : [0.6, 0.07];
      return {
        ...filled,
        class: kind,
        label: '',
        xlabel: label,
        fontcolor: INK,
        fontsize: 10,
        width,
        height,
        margin: 0,
      };
    }
  }
}

/** What a run has emitted is stronger, and counted where it is more than one. */
function strokeOf({ collateral, labelled, emitter, awaited }: Arrow, run: RunProgress | undefined): Look {
  const count = emitter === null ? 0 : (run?.emitted[emitter]?.[collateral] ?? 0);
  return {
    class: count > 0 ? 'signal taken' : 'signal',
    label: labelled ? `${collateral}${count > 1 ? ` × ${count}` : ''}` : undefined,
    penwidth: count > 0 ? 2 : undefined,
    style: awaited ? 'dashed' : undefined,
    color: awaited ? OUTSIDE_PAINT.line : undefined,
  };
}
