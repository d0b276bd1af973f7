/** How the exact traces of the oracle are written: graphs, events and effects in few words. */
import type { RunContext } from '../../src/propagation/context.js';
import type { Effect, RespondedEvent, RunEvent, SignalData, StartInput } from '../../src/propagation/events.js';
import { Oracle } from './oracle.js';
import type { OracleGraph, OracleNeuron } from './oracle-graph.js';
import type { Causes } from './oracle-placing.js';

/** Readable causes: the parent's, then the neuron, then the signal's index; `#k` for a second dendrite. */
export const causes: Causes = {
  of(parent, index, subscriber, deliveryId) {
    const [neuron = '', dendrite = ''] = subscriber.split('/');
    const k = dendrite === 'undo' ? '!' : dendrite.endsWith('#0') ? '' : `#${dendrite.split('#')[1]}`;
    return `${parent ?? ''}${neuron}${deliveryId === undefined ? index : `@${deliveryId}`}${k}`;
  },
  ofJoin: (parents, subscriber) => `${subscriber.split('/')[0]}(${parents.map((slot) => slot.join('.')).join('+')})`,
};

type Dendrites = OracleNeuron['dendrites'];

export const neuron = (
  name: string,
  dendrites: Dendrites,
  emits: string[] = [],
  more: Partial<OracleNeuron> = {},
): OracleNeuron => ({
  name,
  milestone: false,
  emits,
  dendrites,
  expects: [],
  concurrency: false,
  compensates: false,
  ...more,
});
export const milestone = (name: string, dendrites: Dendrites, emits: string[] = []): OracleNeuron =>
  neuron(name, dendrites, emits, { milestone: true });

const listenedIn = (dendrites: Dendrites): string[] =>
  dendrites.flatMap((each) => (typeof each === 'string' ? [each] : Object.values(each.slots)));

export const graphOf = (...neurons: OracleNeuron[]): OracleGraph => ({
  neurons,
  collaterals: [
    ...new Set([
      'go',
      'silence',
      ...neurons.flatMap((each) => [...listenedIn(each.dendrites), ...each.emits, ...each.expects]),
    ]),
  ],
});

export const oracleOf = (...neurons: OracleNeuron[]): Oracle => new Oracle(graphOf(...neurons), causes);

export const sig = (collateral: string, payload: unknown = collateral, due?: number): SignalData => ({
  collateral,
  payload,
  ...(due === undefined ? {} : { due }),
});
export const init = (signals: SignalData[], more: Partial<StartInput> = {}): RunEvent => ({
  type: 'xstate.init',
  input: { id: 'run', signals, ...more },
});
export const outcome = (type: string, activation: string, more: object = {}): RunEvent => ({
  type,
  activation,
  ...more,
});
export const responded = (of: string, activation: string, ...signals: SignalData[]): RunEvent =>
  outcome(`${of}:responded`, activation, { signals });
export const answered = (of: string, activation: string, answer: Partial<RespondedEvent>): RunEvent =>
  outcome(`${of}:responded`, activation, answer);

export const deliver = (collateral: string, to: string): Effect => ({ type: 'deliver', collateral, neuron: to });
export const start = (of: string, activation: string): Effect => ({ type: 'start', activation, neuron: of });
export const acquire = (of: string, activation: string): Effect => ({ type: 'acquire', activation, neuron: of });
export const closed = (of: string, as: 'responded' | 'failed' = 'responded'): Effect => ({
  type: 'closed',
  neuron: of,
  outcome: as,
});
export const moved: Effect = { type: 'moved' };
export const end = (status: 'completed' | 'failed' | 'aborted'): Effect => ({ type: 'end', status });

/** `<n> <activation> <state>[ <activation it waits for>]`, in the order of the frontier. */
export const frontierOf = ({ frontier }: RunContext): string[] =>
  frontier.map((each) =>
    [each.n, each.activation, each.state, ...(each.after === undefined ? [] : [each.after])].join(' '),
  );

/** `<activation> <code>[ aborted]`, in the order of failure. */
export const failedOf = ({ failed }: RunContext): string[] =>
  failed.map(({ activation, error, aborted }) =>
    [activation, (error as { code?: string }).code ?? String(error), ...(aborted ? ['aborted'] : [])].join(' '),
  );
