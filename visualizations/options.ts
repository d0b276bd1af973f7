/** What all formats may be told. */
import { InvalidArgumentError } from '../src/errors/index.js';
import { FLOW, type HasFlow } from '../src/propagation/operations.js';
import type { PictureOptions } from './picture.js';
import type { RunProgress } from './progress.js';

export interface DrawingOptions extends PictureOptions {
  /** The neurons and their collaterals (`graph`, unless told), or the machine that is made of them. */
  readonly view?: 'graph' | 'statechart';
  /** From left to right unless told. */
  readonly direction?: 'LR' | 'TB';
  /** Colours the neurons by where a run stands: what `readProgress(cns, store, id)` gives. For the graph alone. */
  readonly run?: RunProgress;
}

/** @throws InvalidArgumentError for the run of another graph */
export function runOf(cns: HasFlow, { run }: DrawingOptions): RunProgress | undefined {
  const { name } = cns[FLOW].graph;
  if (run === undefined || run.graph.name === name) return run;
  throw new InvalidArgumentError(`run "${run.id}" is a run of "${run.graph.name}", not of "${name}"`, {
    hint: 'draw it with the flow that it was started with',
  });
}
