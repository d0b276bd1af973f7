/** What comes from outside in every schedule, checked before the first one. */
import { InvalidArgumentError } from '../../errors/index.js';
import { isSignal, type Signal } from '../../graph/collateral.js';
import { parseDuration } from '../../graph/duration.js';
import type { AnyCollateral } from '../../graph/collateral.js';
import type { OutsideSignal, SimulateOptions } from './options.js';

/** The id of the run. */
export const RUN = 'simulated';

export interface PlannedSignal {
  readonly signal: Signal;
  /** Milliseconds. */
  readonly after: number;
  readonly deliveryId: string;
}

export interface OutsidePlan {
  readonly entry: Signal;
  readonly output: AnyCollateral | undefined;
  readonly signals: readonly PlannedSignal[];
}

/** @throws InvalidArgumentError */
export function planOf({ signals, output }: Pick<SimulateOptions, 'signals' | 'output'>): OutsidePlan {
  const [entry, ...others] = signals as readonly (Signal | OutsideSignal)[];
  if (!isSignal(entry)) {
    throw new InvalidArgumentError('simulate: the first of `signals` is no signal', {
      hint: 'simulate(cns, { signals: [placeOrder.createSignal(payload)] })',
    });
  }
  const planned = others.map((given, i): PlannedSignal => {
    const { signal, after = 0, deliveryId = `signal-${i + 1}` } = isSignal(given) ? { signal: given } : given;
    if (!isSignal(signal)) {
      throw new InvalidArgumentError(`simulate: \`signals\`[${i + 1}] holds no signal`, {
        hint: "{ signal: approved.createSignal(payload), after: '1m' }",
      });
    }
    return { signal, after: parseDuration(after, `simulate: after of \`signals\`[${i + 1}]`), deliveryId };
  });
  return { entry, output, signals: planned };
}
