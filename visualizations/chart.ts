/** The statechart as a picture shows it: its regions, and between two states of a region one arrow with all that takes it. */
import { createStatechartConfig, MOVED, type StatechartConfig } from '../machines/statechart-config.js';
import { FLOW, type HasFlow } from '../src/propagation/operations.js';

export interface ChartState {
  readonly name: string;
  readonly tags: readonly string[];
}

export interface ChartArrow {
  readonly from: string;
  readonly to: string;
  /** Events of which one takes it; the neuron's own without its name. */
  readonly events: readonly string[];
}

export interface ChartRegion {
  readonly neuron: string;
  readonly description: string;
  readonly initial: string;
  readonly states: readonly ChartState[];
  readonly arrows: readonly ChartArrow[];
}

export interface Chart {
  readonly config: StatechartConfig;
  readonly regions: readonly ChartRegion[];
  /** How it ends. */
  readonly finals: readonly string[];
}

export function getChart(cns: HasFlow): Chart {
  const config = createStatechartConfig(cns[FLOW].graph);
  const { running, ...finals } = config.states;
  const regions = Object.entries(running.states).map(([neuron, { description, initial, states }]) => ({
    neuron,
    description,
    initial,
    states: Object.entries(states).map(([name, { tags = [] }]) => ({ name, tags })),
    arrows: Object.entries(states).flatMap(([from, { on }]) => arrowsFrom(neuron, from, on)),
  }));
  return { config, regions, finals: Object.keys(finals) };
}

type Transitions = StatechartConfig['states']['running']['states'][string]['states'][string]['on'];

/** Without the event that says no more than that something has moved: every arrow has another one. */
function arrowsFrom(neuron: string, from: string, on: Transitions): ChartArrow[] {
  const events = new Map<string, string[]>();
  for (const [event, transitions] of Object.entries(on)) {
    if (event === MOVED) continue;
    const name = event.startsWith(`${neuron}:`) ? event.slice(neuron.length + 1) : event;
    for (const { target } of transitions) {
      if (target !== undefined) events.set(target, [...(events.get(target) ?? []), name]);
    }
  }
  return [...events].map(([to, names]) => ({ from, to, events: names }));
}
