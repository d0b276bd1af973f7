/** The flow of a run that is only looked at: nothing of it runs here. */
import { systemClock } from '../clock/clock.js';
import type { Store } from '../durability/store.js';
import type { CNS } from '../index.js';
import { FLOW } from '../propagation/operations.js';
import { loadFlowModule } from './flow-module.js';

/** @param path of its module; nothing is known of a flow without one */
export async function cnsOf(path: string | undefined, store: Store): Promise<CNS | undefined> {
  if (path === undefined) return undefined;
  const flow = await loadFlowModule(path);
  return flow.cns({ store, clock: systemClock });
}

export const milestonesOf = (cns: CNS): ReadonlySet<string> =>
  new Set(cns[FLOW].graph.neurons.filter(({ milestone }) => milestone).map(({ name }) => name));
