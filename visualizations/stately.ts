/** The statechart as source text: what Stately Studio imports, and a person may read. */
import { createStatechartConfig } from '../machines/statechart-config.js';
import { FLOW, type HasFlow } from '../src/propagation/operations.js';
import { sourceOf } from './source.js';

/**
 * A module with one `createMachine({…})`. Its guards and actions are named; `machine.provide(toImplementations(cns))`
 * makes it run as `toMachine(cns)` does.
 */
export function toStately(cns: HasFlow): string {
  const { graph } = cns[FLOW];
  return `import { createMachine } from 'xstate';\n\nexport const machine = createMachine(${sourceOf(createStatechartConfig(graph))});\n`;
}
