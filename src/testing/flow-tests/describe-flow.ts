/** A flow's tests, made from the flow: one for each path. */
import { InvalidArgumentError, listed } from '../../errors/index.js';
import { FLOW } from '../../propagation/operations.js';
import { getCoverage, shortfallsOf } from '../paths/coverage.js';
import type { Coverage, CoverageThresholds } from '../paths/coverage-data.js';
import { type FlowPath, type FlowPaths, isNeuronStep } from '../paths/flow-path.js';
import { type FlowPathOptions, getFlowPaths } from '../paths/get-flow-paths.js';
import type { AnyCNS } from '../process/twin.js';
import { assertionError } from './difference.js';
import { followPath, type PathResult } from './follow-path.js';
import type { Payloads } from './payloads.js';
import type { NeuronCall } from './player.js';

/** Those of Vitest, Jest and `node:test` fit. */
export interface FlowRunner {
  readonly describe: (title: string, body: () => void) => unknown;
  readonly it: (title: string, body: () => Promise<void>) => unknown;
}

/** What a test asks beyond what the statechart says. What throws, or rejects, fails the test of the path. */
export interface FlowExpectations {
  /** By neuron: asked each time that it is started, before it answers. */
  readonly neurons?: Readonly<Record<string, (call: NeuronCall, path: FlowPath) => void>>;
  /** By the title of a path: asked when it has been followed to its end. */
  readonly paths?: Readonly<Record<string, (result: PathResult, path: FlowPath) => unknown>>;
  /** Asked at the end of every path. */
  readonly everyPath?: (result: PathResult, path: FlowPath) => unknown;
}

export interface DescribeFlowOptions extends FlowPathOptions {
  readonly runner: FlowRunner;
  /** `flow "<name>"` unless told. */
  readonly title?: string;
  readonly payloads?: Payloads;
  /**
   * Neurons whose own handlers run: all, or these; their answers must be what the path says. None unless told. With any,
   * the run is not stored, unless `stored` says so.
   */
  readonly real?: boolean | readonly string[];
  readonly expect?: FlowExpectations;
  /** The least coverage; one more test. */
  readonly thresholds?: CoverageThresholds;
}

export interface DescribedFlow extends FlowPaths {
  readonly coverage: Coverage;
}

/**
 * Defines one test for each path of a flow. Each runs the flow's wiring on simulated time, answers for its neurons as
 * the path says, and fails where the engine does not do what the statechart says: other neurons start, in another order,
 * with other work under way; other neurons wait; it ends otherwise. What is asked of names that are not there, or are on
 * no path, is refused, since it could not fail.
 * @returns the paths, and what they cover
 * @throws InvalidArgumentError, UnknownCollateralError
 */
export function describeFlow(cns: AnyCNS, options: DescribeFlowOptions): DescribedFlow {
  const { runner, entry, payloads, real, expect = {}, thresholds } = options;
  const { graph } = cns[FLOW];
  // handlers that take their time may answer before or after a save: what follows is in no one order
  const hasReal = real === true || (Array.isArray(real) && real.length > 0);
  const found = getFlowPaths(cns, hasReal ? { stored: false, ...options } : options);
  const coverage = getCoverage(cns, found);
  checkExpectations(found, expect);
  if (thresholds !== undefined) shortfallsOf(coverage, thresholds); // a wrong one is refused before any test runs
  const follow = async (path: FlowPath) => {
    const result = await followPath(cns, {
      entry,
      path,
      ...(payloads === undefined ? {} : { payloads }),
      ...(real === undefined ? {} : { real }),
      onCall: (call) => own(expect.neurons, call.neuron)?.(call, path),
    });
    await expect.everyPath?.(result, path);
    await own(expect.paths, path.title)?.(result, path);
  };
  runner.describe(options.title ?? `flow "${graph.name}"`, () => {
    for (const path of found.paths) runner.it(path.title, () => follow(path));
    if (thresholds === undefined) return;
    runner.it('its paths cover what is asked for', async () => {
      const missing = shortfallsOf(coverage, thresholds);
      if (missing.length === 0) return;
      throw assertionError(`flow "${graph.name}" is not covered as asked for\n${missing.join('\n')}`, {
        expected: thresholds,
        actual: Object.fromEntries(Object.keys(thresholds).map((name) => [name, coverage[name as 'neurons'].percent])),
      });
    });
  });
  return { ...found, coverage };
}

const own = <T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined =>
  record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;

function checkExpectations(
  { paths, truncated }: FlowPaths,
  { neurons = {}, paths: byTitle = {} }: FlowExpectations,
): void {
  if (paths.length === 0) {
    const hint =
      truncated[0] ?? 'no outcome leads to an end: look at the cycles that getCoverage finds, or widen `outcomes`';
    throw new InvalidArgumentError('describeFlow: the flow has no path from its entry to an end', { hint });
  }
  const started = new Set(
    paths.flatMap(({ steps }) => steps.flatMap((step) => (isNeuronStep(step) ? [step.neuron] : []))),
  );
  const titles = paths.map(({ title }) => title);
  refuse('expect.neurons: no path starts', 'paths start', Object.keys(neurons), [...started]);
  refuse('expect.paths: there is no path', 'there are', Object.keys(byTitle), titles);
}

function refuse(what: string, lead: string, asked: readonly string[], known: readonly string[]): void {
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new InvalidArgumentError(`describeFlow: ${listed(what, unknown)}`, { hint: listed(lead, known, 50) });
}
