/** The signals of a proof, as the command line names them; fresh imports of the flow know them by their names. */
import { describeError } from '../../errors/index.js';
import { type AnyCollateral, collateral, type Signal } from '../../graph/collateral.js';
import type { CNS } from '../../index.js';
import { FLOW } from '../../propagation/operations.js';
import { UsageError } from '../cli-errors.js';
import { namedCollateral } from '../named-collateral.js';

/** One `--answer '<collateral>=<json>'`. @throws UsageError, UnknownCollateralError */
export function readAnswer(cns: CNS, option: string): Signal {
  const [, name = '', text] = /^([^=]*)(?:=(.*))?$/s.exec(option) ?? [];
  if (name === '') {
    throw new UsageError(`--answer "${option}" names no collateral`, {
      hint: `give it as --answer 'approved={"by":"ann"}'`,
    });
  }
  namedCollateral(cns, name);
  return collateral<unknown>(name).createSignal(text === undefined ? undefined : payloadOf(name, text));
}

function payloadOf(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`the payload of --answer ${name} is not JSON: ${describeError(cause)}`, {
      cause,
      hint: `quote it for the shell, e.g. --answer '${name}={"by":"ann"}'`,
    });
  }
}

/** The same by the name that it has in the graph, which need not be its own. */
export const byName = (cns: CNS, signal: Signal): Signal => ({ ...signal, collateral: named(cns, signal.collateral) });

export function named({ [FLOW]: { graph } }: CNS, given: AnyCollateral): AnyCollateral {
  const channel = graph.channelByCollateral.get(given);
  return channel === undefined ? given : collateral<unknown>(channel.name);
}
