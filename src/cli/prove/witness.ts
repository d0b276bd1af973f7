/** Whether what a flow module shows of the outside ever changes: what it keeps in memory dies with each process. */
import { inspect } from 'node:util';
import type { ExportedOptions } from './exported-options.js';

export interface Witness {
  /** The same options, looked at. */
  readonly options: ExportedOptions;
  /** It was asked for, and was always the same. */
  readonly hasSeenNothing: boolean;
}

export async function witnessed(options: ExportedOptions): Promise<Witness> {
  const { effects, reset } = options;
  if (effects === undefined) return { options, hasSeenNothing: false };
  const seen = new Set<string>();
  const look = async (): Promise<unknown> => {
    const found: unknown = await effects();
    seen.add(inspect(found, { depth: 20, maxArrayLength: null, sorted: true }));
    return found;
  };
  await reset?.();
  await look();
  return {
    options: { ...options, effects: look },
    get hasSeenNothing() {
      return seen.size === 1;
    },
  };
}
