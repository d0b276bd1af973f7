/** What a run is given, as the CNS at hand knows it: one of a fresh import of its module has collaterals of its own. */
import { InvalidArgumentError, listed } from '../../errors/index.js';
import type { AnyCollateral, Signal } from '../../graph/collateral.js';
import type { Graph } from '../../graph/graph.js';
import { FLOW } from '../../propagation/operations.js';
import type { CNS } from '../../stimulation/cns.js';
import { channelOf, checkEntry, checkPayload } from '../../stimulation/entry.js';
import type { RunShape } from '../../stimulation/options.js';
import type { CheckCrashesOptions } from './options.js';

export interface Given {
  readonly signal: Signal | readonly Signal[];
  readonly answers: readonly Signal[];
  readonly shape: RunShape;
}

/** @param isFresh whether collaterals that it does not know may be of another import, and are looked up by their names */
export function givenTo(cns: CNS, options: CheckCrashesOptions, isFresh: boolean): Given {
  const { graph } = cns[FLOW];
  const { signal, answers = [] } = options;
  const shape = shapeOf(options);
  if (!isFresh) return { signal, answers, shape };
  const own = (one: Signal): Signal => ({ ...one, collateral: ownOf(graph, one.collateral) });
  return {
    signal: Array.isArray(signal) ? (signal as readonly Signal[]).map(own) : own(signal as Signal),
    answers: answers.map(own),
    shape: shape.output === undefined ? shape : { ...shape, output: ownOf(graph, shape.output) },
  };
}

function ownOf({ channels, channelByCollateral }: Graph, collateral: AnyCollateral): AnyCollateral {
  if (channelByCollateral.has(collateral)) return collateral;
  return (collateral.name === undefined ? undefined : channels.get(collateral.name)?.collateral) ?? collateral;
}

/** @throws what `cns.stimulate` throws, and the same for answers; InvalidArgumentError for one that nobody waits for */
export function checkGiven({ [FLOW]: { graph } }: CNS, { signal, answers, shape }: Given): void {
  checkEntry(graph, signal, shape);
  for (const { collateral, payload } of answers) {
    const channel = channelOf(graph, collateral);
    if (!channel.expected) {
      const expected = [...graph.channels.values()].filter((each) => each.expected).map(({ name }) => name);
      throw new InvalidArgumentError(`checkCrashes: answers: no neuron waits for "${channel.name}"`, {
        hint: expected.length === 0 ? 'no neuron waits for anything: leave it out' : listed('they wait for', expected),
      });
    }
    checkPayload(channel, payload);
  }
}

/** What shapes the run, without what is for the checker alone. */
function shapeOf(options: CheckCrashesOptions): RunShape {
  const { signal: _signal, answers: _answers, store: _store, reset: _reset, effects: _effects, ...rest } = options;
  const { pairs: _pairs, at: _at, patience: _patience, shown: _shown, ends: _ends, ...more } = rest;
  const { arbitraries: _arbitraries, samples: _samples, ...shape } = more;
  return shape;
}
