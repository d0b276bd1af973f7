/** What the oracle is sent for what a handler has answered. */
import type { PendingActivation } from '../../src/propagation/context.js';
import type { ExpectationData, RunEvent, SignalData } from '../../src/propagation/events.js';
import { type Behaviour, type Emitted, type EmittedSignal, isAwaited, keyOf, sizeOf } from './behaviour.js';
import type { OracleJoin, OracleNeuron } from './oracle-graph.js';

export const attemptIn = (attempt: number): { attempt?: number } => (attempt === 1 ? {} : { attempt });

export const grantedEvent = (activation: string): RunEvent => ({ type: 'engram.granted', activation });

/** Whether the neuron may not answer this. */
export function isWrong({ emits, expects }: OracleNeuron, { undoes }: Behaviour, all: readonly Emitted[]): boolean {
  const isForeign = ({ collateral }: EmittedSignal): boolean => !emits.includes(collateral);
  if (undoes && all.length > 0) return true;
  return all.some((each) =>
    isAwaited(each)
      ? !expects.includes(each.expects) || (each.otherwise !== undefined && isForeign(each.otherwise))
      : isForeign(each),
  );
}

/** An answer as data; its times are counted from now, when it is there. */
export function dataOf(
  all: readonly Emitted[],
  now: number,
): { signals: SignalData[]; expectations?: ExpectationData[] } {
  const signals: SignalData[] = [];
  const expectations: ExpectationData[] = [];
  all.forEach((each, index) => {
    if (!isAwaited(each)) {
      const { collateral, payload, delay } = each;
      signals.push({ collateral, payload, ...(delay === undefined ? {} : { due: now + delay }) });
      return;
    }
    const { expects, within, otherwise } = each;
    expectations.push({
      index,
      expects,
      ...(within === undefined ? {} : { within, due: now + within }),
      ...(otherwise === undefined ? {} : { otherwise }),
    });
  });
  return expectations.length === 0 ? { signals } : { signals, expectations };
}

/** What has arrived at a join says to which set it belongs, as the user's functions do. */
export function arrivalOutcome(
  { activation, neuron, dendrite, payload, attempt = 1 }: PendingActivation,
  join: OracleJoin,
): RunEvent {
  const collateral = dendrite.slice(0, dendrite.lastIndexOf('#'));
  const slot = Object.keys(join.slots).find((each) => join.slots[each] === collateral) as string;
  const base = { activation, ...attemptIn(attempt) };
  const failed = (error: unknown): RunEvent => ({ type: `${neuron}:failed`, ...base, error });
  try {
    const key = keyOf(payload, slot);
    if (typeof key !== 'string') return failed({ code: 'INVALID_ARGUMENT' });
    const size = join.sized ? { size: sizeOf(payload) } : {};
    return { type: `${neuron}:responded`, ...base, joined: { key, ...size } };
  } catch (error) {
    return failed(error);
  }
}
