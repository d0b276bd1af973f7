/**
 * The parts of the library that are held equal, as one value, so that the same harness runs on the sources and on
 * copies of them with a fault planted in (faults/).
 */
import * as logic from '../../machines/logic.js';
import * as statechart from '../../machines/statechart.js';
import * as codec from '../../src/durability/codec.js';
import * as build from '../../src/graph/build-graph.js';
import * as expectations from '../../src/graph/expectation.js';
import * as collaterals from '../../src/graph/collateral.js';
import * as neurons from '../../src/graph/neuron.js';
import * as image from '../../src/propagation/image.js';
import * as operations from '../../src/propagation/operations.js';
import * as steps from '../../src/propagation/step.js';
import * as transition from '../../src/propagation/transition.js';
import * as work from '../../src/propagation/work.js';
import * as run from '../../src/stimulation/run.js';

interface Modules {
  readonly logic: typeof logic;
  readonly statechart: typeof statechart;
  readonly codec: typeof codec;
  readonly build: typeof build;
  readonly collaterals: typeof collaterals;
  readonly expectations: typeof expectations;
  readonly neurons: typeof neurons;
  readonly image: typeof image;
  readonly operations: typeof operations;
  readonly steps: typeof steps;
  readonly transition: typeof transition;
  readonly work: typeof work;
  readonly run: typeof run;
}

const libraryOf = (modules: Modules) => ({
  createLogic: modules.logic.createLogic,
  createStatechart: modules.statechart.createStatechart,
  encode: modules.codec.encode,
  decode: modules.codec.decode,
  buildGraph: modules.build.buildGraph,
  collateral: modules.collaterals.collateral,
  expect: modules.expectations.expect,
  neuron: modules.neurons.neuron,
  freeze: modules.image.freeze,
  thaw: modules.image.thaw,
  createFlow: modules.operations.createFlow,
  step: modules.steps.step,
  accepts: modules.steps.accepts,
  valueOf: modules.steps.valueOf,
  apply: modules.transition.apply,
  start: modules.transition.start,
  Work: modules.work.Work,
  Run: modules.run.Run,
});

export type Library = ReturnType<typeof libraryOf>;

export const sources: Library = libraryOf({
  logic,
  statechart,
  codec,
  build,
  collaterals,
  expectations,
  neurons,
  image,
  operations,
  steps,
  transition,
  work,
  run,
});

/** @param load gives the module at a path like `src/propagation/step` of another copy of the sources */
export async function loadLibrary(load: (path: string) => Promise<unknown>): Promise<Library> {
  const paths: Record<keyof Modules, string> = {
    logic: 'machines/logic',
    statechart: 'machines/statechart',
    codec: 'src/durability/codec',
    build: 'src/graph/build-graph',
    collaterals: 'src/graph/collateral',
    expectations: 'src/graph/expectation',
    neurons: 'src/graph/neuron',
    image: 'src/propagation/image',
    operations: 'src/propagation/operations',
    steps: 'src/propagation/step',
    transition: 'src/propagation/transition',
    work: 'src/propagation/work',
    run: 'src/stimulation/run',
  };
  const entries = await Promise.all(Object.entries(paths).map(async ([key, path]) => [key, await load(path)] as const));
  return libraryOf(Object.fromEntries(entries) as unknown as Modules);
}
