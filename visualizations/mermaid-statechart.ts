/** The statechart as a Mermaid state diagram: a region per neuron, side by side. */
import type { HasFlow } from '../src/propagation/operations.js';
import { type ChartRegion, getChart } from './chart.js';
import type { DrawingOptions } from './options.js';

export function statechartToMermaid(cns: HasFlow, { direction = 'LR' }: DrawingOptions): string {
  const { regions, finals } = getChart(cns);
  const lines = ['stateDiagram-v2', `  direction ${direction}`, '  [*] --> running', '  state running {'];
  regions.forEach((region, index) => {
    if (index > 0) lines.push('    --');
    lines.push(...regionLines(region, index));
  });
  lines.push('  }', ...finals.flatMap((name) => [`  running --> ${name}`, `  ${name} --> [*]`]));
  return `${lines.join('\n')}\n`;
}

function* regionLines({ neuron, initial, states, arrows }: ChartRegion, index: number): Generator<string> {
  const idOf = (state: string): string => `r${index}_${state}`;
  for (const { name } of states) {
    yield `    state "${name === initial ? neuron : `${neuron} ${name}`}" as ${idOf(name)}`;
  }
  yield `    [*] --> ${idOf(initial)}`;
  for (const { from, to, events } of arrows) {
    yield `    ${idOf(from)} --> ${idOf(to)}: ${events.join(', ')}`;
  }
}
