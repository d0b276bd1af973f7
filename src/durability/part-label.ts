/** What a part is to the person whose flow it is of, e.g. `the context of neuron "order"`. */
import type { Codec } from './codec.js';
import { isPacked } from './compression.js';
import { PREFIX, partOf, type PartName } from './parts.js';

const FIXED: Readonly<Record<PartName, string>> = {
  [partOf.entry()]: 'the entry of the run',
  [partOf.run()]: 'the account of what the run has done',
  [partOf.output()]: 'the output of the run',
  [partOf.deliveries()]: 'the list of the signals that were delivered',
  [partOf.reason()]: 'the reason of the abort',
  [partOf.options()]: 'the options that the run was started with',
};

/** @param text when it is at hand: some parts are told apart by what is in them only */
export function labelOf(name: PartName, text: string | null | undefined, codec: Codec): string {
  const fixed = FIXED[name];
  if (fixed !== undefined) return fixed;
  if (name.startsWith(PREFIX.value)) return `the context of neuron "${name.slice(PREFIX.value.length)}"`;
  if (name.startsWith(PREFIX.hops)) return `the visits of neuron "${name.slice(PREFIX.hops.length)}"`;
  const { collateral, neuron } = recordIn(name, text, codec);
  if (name.startsWith(PREFIX.failure)) return `the failure of neuron "${neuron ?? '?'}"`;
  if (name.startsWith(PREFIX.owed)) return `what undoes neuron "${neuron ?? '?'}"`;
  const signal = collateral === undefined ? 'a signal' : `a signal on "${collateral}"`;
  if (name.startsWith(PREFIX.early)) return `the payload of ${signal} that came early`;
  return name.startsWith(PREFIX.activation) ? `the payload of ${signal}` : `the part "${name}"`;
}

interface Named {
  readonly collateral?: string;
  readonly neuron?: string;
}

/** An activation is a JSON text; all others are the codec's. */
function recordIn(name: PartName, text: string | null | undefined, codec: Codec): Named {
  if (typeof text !== 'string' || isPacked(text)) return {};
  try {
    const value: unknown = name.startsWith(PREFIX.activation) ? JSON.parse(text) : codec.decode(text, name);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {}; // it is for a message only
  }
}
