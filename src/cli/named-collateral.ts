/** Collaterals that a command line names. */
import { UnknownCollateralError } from '../errors/index.js';
import type { AnyCollateral, CNS } from '../index.js';
import { FLOW } from '../propagation/operations.js';

/** @throws UnknownCollateralError */
export function namedCollateral({ network, [FLOW]: { graph } }: CNS, name: string): AnyCollateral {
  const channel = graph.channels.get(name);
  if (channel === undefined) throw new UnknownCollateralError(name, network.collaterals);
  return channel.collateral;
}

/** The collateral whose last payload is shown: the one named, else the only one that is emitted and not listened to. */
export function outputOf(cns: CNS, name: string | undefined): AnyCollateral | undefined {
  if (name !== undefined) return namedCollateral(cns, name);
  const ends = [...cns[FLOW].graph.channels.values()].filter(({ name: end, subscribers }) => {
    return subscribers.length === 0 && cns.network.ownersOf(end).length > 0;
  });
  return ends.length === 1 ? ends[0]?.collateral : undefined;
}
