/** The statechart in the language of Graphviz: a frame per neuron, its states in it. */
import type { HasFlow } from '../src/propagation/operations.js';
import { type ChartRegion, getChart } from './chart.js';
import { bounds, EDGE, GRAPH, NODE } from './dot-style.js';
import { attributes, quoted } from './dot-text.js';
import type { DrawingOptions } from './options.js';
import { INK } from './palette.js';

/** No neuron's: theirs have one blank. */
const FRAME = 'cluster of all regions';

export function statechartToDot(cns: HasFlow, { direction = 'LR' }: DrawingOptions): string {
  const { config, regions, finals } = getChart(cns);
  const [first, last] = [regions.at(0), regions.at(-1)].map((region) => {
    return region === undefined ? quoted('running') : stateId(region, region.initial);
  });
  const arrows = regions.reduce((sum, region) => sum + region.arrows.length, 0);
  const lines = [
    `digraph ${quoted(config.id)} {`,
    `  graph${attributes({ ...GRAPH, rankdir: direction, compound: 'true', ...bounds(arrows) })}`,
    `  node${attributes(NODE)}`,
    `  edge${attributes(EDGE)}`,
    `  "start"${attributes({ class: 'start', shape: 'circle', label: '', width: 0.15, height: 0.15, fillcolor: INK })}`,
    `  subgraph ${quoted(FRAME)} {`,
    `    graph${attributes({ label: 'running, all regions at once', class: 'running', style: 'rounded', color: INK })}`,
    // what stands side by side is drawn from the bottom up
    ...(direction === 'LR' ? regions.toReversed() : regions).flatMap((region) => [...regionLines(region)]),
    '  }',
    `  "start" -> ${first}${attributes({ lhead: FRAME })}`,
    ...finals.flatMap((name) => [
      `  ${quoted(name)}${attributes({ class: 'final', peripheries: 2 })}`,
      `  ${last} -> ${quoted(name)}${attributes({ ltail: FRAME })}`,
    ]),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

function* regionLines(region: ChartRegion): Generator<string> {
  yield `    subgraph ${quoted(`cluster ${region.neuron}`)} {`;
  yield `      graph${attributes({ label: { lines: [region.description] }, labeljust: 'l', class: 'region', style: 'rounded,dashed', color: INK })}`;
  for (const { name, tags } of region.states) {
    const penwidth = name === region.initial ? 2 : undefined;
    yield `      ${stateId(region, name)}${attributes({ label: name, class: ['state', ...tags].join(' '), penwidth })}`;
  }
  for (const { from, to, events } of region.arrows) {
    const label = events.join('\n');
    yield `      ${stateId(region, from)} -> ${stateId(region, to)}${attributes({ label, class: 'transition' })}`;
  }
  yield '    }';
}

const stateId = ({ neuron }: ChartRegion, state: string): string => quoted(`${neuron}.${state}`);
