/**
 * The neuron graph as Mermaid text, which GitHub, GitLab and most editors draw. Names of neurons and collaterals hold
 * nothing that Mermaid takes for its own, between double quotes.
 */
import type { HasFlow } from '../src/propagation/operations.js';
import { flawsOf, titleOf } from './caption.js';
import { statechartToMermaid } from './mermaid-statechart.js';
import { type DrawingOptions, runOf } from './options.js';
import { INK, MILESTONE_PAINT, OUTSIDE_PAINT, PALETTE } from './palette.js';
import { type Arrow, getPicture, type Picture, type PictureNode } from './picture.js';
import { countsOf, named, type NeuronState, type RunProgress, stateOf } from './progress.js';

/**
 * Draws a flow: an arrow for every collateral from each neuron that emits it to each that listens. Double borders are
 * milestones, where it is safe to die; bars are where several things run at once, or are waited for.
 * Mermaid itself draws no more than 500 arrows; `toSvg` does.
 * @throws UnknownCollateralError for an entry that is none of the flow, InvalidArgumentError for a run of another one
 */
export function toMermaid(cns: HasFlow, options: DrawingOptions = {}): string {
  if (options.view === 'statechart') return statechartToMermaid(cns, options);
  const picture = getPicture(cns, options);
  const run = runOf(cns, options);
  const lines = [
    // JSON, and so YAML
    ...(run === undefined
      ? []
      : ['---', `title: ${JSON.stringify([titleOf(run), ...flawsOf(picture, run)].join('; '))}`, '---']),
    `flowchart ${options.direction ?? 'LR'}`,
    ...picture.nodes.map((node) => `  ${nodeText(node, run)}`),
    ...picture.arrows.map((arrow) => `  ${arrowText(arrow)}`),
    ...styles(picture, run),
  ];
  return `${lines.join('\n')}\n`;
}

function nodeText(node: PictureNode, run: RunProgress | undefined): string {
  const { id } = node;
  if (node.kind !== 'neuron') {
    const { kind, label } = node;
    return kind === 'fork' || kind === 'join' ? `${id}["${label}"]:::bar` : `${id}(["${label}"]):::${kind}`;
  }
  const progress = named(run?.neurons, node.name);
  const counts = progress === undefined ? [] : [countsOf(progress)];
  const label = [node.name, ...counts, ...node.notes].join('<br/>');
  const look = stateOf(progress) ?? (node.milestone ? 'milestone' : undefined);
  const shape = node.milestone ? `[["${label}"]]` : `["${label}"]`;
  return `${id}${shape}${look === undefined ? '' : `:::${look}`}`;
}

function arrowText({ from, to, collateral, labelled, awaited }: Arrow): string {
  if (!labelled || collateral === null) return `${from} --> ${to}`;
  return awaited ? `${from} -. "${collateral}" .-> ${to}` : `${from} -- "${collateral}" --> ${to}`;
}

/** Only those that are used. */
function styles({ nodes }: Picture, run: RunProgress | undefined): string[] {
  const kinds = new Set(nodes.map(({ kind }) => kind));
  const states = new Set<NeuronState | undefined>(
    nodes.map((node) => (node.kind === 'neuron' ? stateOf(named(run?.neurons, node.name)) : undefined)),
  );
  const bar = `fill:${INK},stroke:${INK},color:#fff`;
  const all: readonly (readonly [name: string, isUsed: boolean, style: string])[] = [
    ['start', kinds.has('start'), bar],
    [
      'milestone',
      nodes.some((node) => node.kind === 'neuron' && node.milestone),
      `stroke:${MILESTONE_PAINT.line},stroke-width:2px`,
    ],
    ['outside', kinds.has('outside'), `stroke:${OUTSIDE_PAINT.line},stroke-dasharray:4 3`],
    ['result', kinds.has('result'), 'stroke-width:3px'],
    ['bar', kinds.has('fork') || kinds.has('join'), bar],
    ...Object.entries(PALETTE).map(
      ([state, { fill, line, text }]) =>
        [state, states.has(state as NeuronState), `fill:${fill},stroke:${line},color:${text}`] as const,
    ),
  ];
  return all.filter(([, isUsed]) => isUsed).map(([name, , style]) => `  classDef ${name} ${style}`);
}
