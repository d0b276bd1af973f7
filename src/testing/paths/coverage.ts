/** How much of a flow some paths take, what they do not, and why. */
import { InvalidArgumentError } from '../../errors/index.js';
import { FLOW } from '../../propagation/operations.js';
import type { AnyCNS } from '../process/twin.js';
import { findingsOf } from './findings.js';
import type { Coverage, Covered, CoverageOf, CoverageThresholds } from './coverage-data.js';
import { type FlowPath, type FlowPaths, isNeuronStep, isSignalStep } from './flow-path.js';
import { formatCoverage } from './format-coverage.js';
import { parseOutcome, shownDendrite } from './outcome.js';
import { subscribersOf } from './outcomes.js';

export const COVERED: readonly Covered[] = ['neurons', 'dendrites', 'collaterals', 'transitions'];

/**
 * Of a collateral, that a signal of it was sent counts; of a transition, that it was taken. What undoes a neuron counts
 * as a dendrite of it.
 * @param found what `getFlowPaths` has found, from one entry or from several
 */
export function getCoverage(cns: AnyCNS, found: FlowPaths | readonly FlowPaths[]): Coverage {
  const { graph } = cns[FLOW];
  const all = (Array.isArray(found) ? found : [found]) as readonly FlowPaths[];
  const paths = all.flatMap((each) => each.paths);
  const entries = [...new Set(all.flatMap(({ entry }) => entry))];
  const findings = findingsOf(graph, entries);
  const truncated = [...new Set(all.flatMap((each) => each.truncated))];
  const dead = new Map(
    findings.flatMap(({ kind, names, why }) => (kind === 'dead neuron' ? [[names[0], why] as const] : [])),
  );
  const missing = truncated.length > 0 ? 'no path that was looked at comes here' : 'no path comes here';
  const whyNeuron = (neuron: string) => dead.get(neuron) ?? missing;
  const taken = takenBy(paths, graph.neuronByName);
  for (const entry of entries) taken.collaterals.add(entry);

  const whyCollateral = (name: string): string => {
    const owners = graph.neurons.filter(({ emits }) => emits.some((channel) => channel.name === name));
    if (owners.length === 0)
      return graph.channels.get(name)?.expected === true ? 'no path waits for it' : 'no path begins with it';
    if (owners.every((owner) => dead.has(owner.name)))
      return `only dead neurons emit it: ${owners.map((owner) => owner.name).join(', ')}`;
    return missing;
  };
  const neurons = graph.neurons.map(({ name }) => name);
  const dendrites = graph.neurons.flatMap((neuron) =>
    subscribersOf(neuron).map((subscriber) => `${neuron.name} on ${shownDendrite(subscriber)}`),
  );
  const neuronIn = (text: string) => text.slice(0, text.indexOf(' '));
  const transitions = [...new Set(all.flatMap((each) => each.transitions))];
  const coverage = {
    neurons: coverageOf(neurons, taken.neurons, whyNeuron),
    dendrites: coverageOf(dendrites, taken.dendrites, (name) => whyNeuron(neuronIn(name))),
    collaterals: coverageOf([...graph.channels.keys()], taken.collaterals, whyCollateral),
    transitions: coverageOf(transitions, taken.transitions, (name) =>
      dead.has(neuronIn(name)) ? `"${neuronIn(name)}" is dead` : 'no path takes it',
    ),
    findings,
    truncated,
  };
  return { ...coverage, toString: () => formatCoverage(coverage) };
}

function coverageOf(all: readonly string[], taken: ReadonlySet<string>, why: (name: string) => string): CoverageOf {
  const covered = all.filter((name) => taken.has(name));
  const missed = all.filter((name) => !taken.has(name)).map((name) => ({ name, why: why(name) }));
  const percent = all.length === 0 ? 100 : Math.floor((100 * covered.length) / all.length);
  return { covered, missed, total: all.length, percent };
}

type NeuronsByName = AnyCNS[typeof FLOW]['graph']['neuronByName'];

function takenBy(paths: readonly FlowPath[], neuronByName: NeuronsByName) {
  const taken = {
    neurons: new Set<string>(),
    dendrites: new Set<string>(),
    collaterals: new Set<string>(),
    transitions: new Set(paths.flatMap(({ transitions }) => transitions)),
  };
  for (const step of paths.flatMap(({ steps }) => steps)) {
    if (isSignalStep(step)) taken.collaterals.add(step.signal);
    else if (isNeuronStep(step)) {
      const dendrite = `${step.neuron} on ${step.got}`;
      taken.dendrites.add(dendrite);
      if (!step.answers.startsWith('joins')) taken.neurons.add(step.neuron);
      const subscriber = subscribersOf(
        neuronByName.get(step.neuron) as NonNullable<ReturnType<NeuronsByName['get']>>,
      ).find((each) => shownDendrite(each) === step.got);
      if (subscriber === undefined) continue;
      for (const item of parseOutcome(step.answers, subscriber).items) {
        if (item.kind === 'signal') taken.collaterals.add(item.collateral);
      }
    } else for (const { otherwise } of step.due) if (otherwise !== undefined) taken.collaterals.add(otherwise);
  }
  return taken;
}

/** What is below its threshold, a line each; none when all is well. @throws InvalidArgumentError for a wrong threshold */
export function shortfallsOf(coverage: Coverage, thresholds: CoverageThresholds): readonly string[] {
  return Object.entries(thresholds).flatMap(([name, least]) => {
    const of = COVERED.find((each) => each === name);
    if (of === undefined || !(least >= 0 && least <= 100)) {
      throw new InvalidArgumentError(`thresholds: "${name}: ${String(least)}" is none`, {
        hint: 'give percentages, e.g. { neurons: 100, transitions: 90 }; there are neurons, dendrites, collaterals, transitions',
      });
    }
    const { percent, covered, total, missed } = coverage[of];
    if (total === 0 || (100 * covered.length) / total >= least) return [];
    const list = missed.map((each) => `\n  - ${each.name}: ${each.why}`).join('');
    return [
      `${of}: ${percent} % are covered (${covered.length} of ${total}), and ${least} % are asked for; missing:${list}`,
    ];
  });
}
