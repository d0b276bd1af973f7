/** Pictures that a browser shows: laid out by Graphviz, compiled to WebAssembly, in this process. */
import type * as WasmGraphviz from '@hpcc-js/wasm-graphviz';
import { describeError, InvalidArgumentError } from '../src/errors/index.js';
import type { HasFlow } from '../src/propagation/operations.js';
import { toDot } from './dot.js';
import type { DrawingOptions } from './options.js';
import { withStyle } from './svg-style.js';

/**
 * Draws a flow as SVG, for light and dark pages. Needs the package `@hpcc-js/wasm-graphviz`, and works in this thread: a
 * thousand neurons take some seconds, forty that all listen to each other as many.
 * @throws InvalidArgumentError when that is not installed, or for a run of another flow; UnknownCollateralError for an entry
 *   that is none of the flow
 */
export async function toSvg(cns: HasFlow, options: DrawingOptions = {}): Promise<string> {
  const dot = toDot(cns, options);
  const { Graphviz } = await loadGraphviz();
  const graphviz = await Graphviz.load();
  return withStyle(graphviz.layout(dot, 'svg', 'dot'));
}

/** The only place that knows the package. */
async function loadGraphviz(): Promise<typeof WasmGraphviz> {
  try {
    return await import('@hpcc-js/wasm-graphviz');
  } catch (cause) {
    throw new InvalidArgumentError(`SVG needs the package "@hpcc-js/wasm-graphviz": ${describeError(cause)}`, {
      cause,
      hint: 'npm install --save-dev @hpcc-js/wasm-graphviz, or draw it as mermaid or dot',
    });
  }
}
