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
