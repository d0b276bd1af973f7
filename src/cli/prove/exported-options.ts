/** What a flow module exports as `prove`: options of `checkCrashes` that the command line cannot give. */
import { describeError, listed } from '../../errors/index.js';
import { isCollateral, isSignal } from '../../graph/collateral.js';
import type { CheckCrashesOptions } from '../../testing/index.js';
import { FlowModuleError } from '../cli-errors.js';

export type ExportedOptions = Partial<CheckCrashesOptions>;

const isFunction = (value: unknown): boolean => typeof value === 'function';
const isNumber = (value: unknown): boolean => typeof value === 'number' && value >= 0;
const isSignals = (value: unknown): boolean => Array.isArray(value) && value.every(isSignal);
const anything = (): boolean => true;

/** What each may be; what it is for the run, the run itself checks. */
const KNOWN: Readonly<Record<keyof CheckCrashesOptions, readonly [is: (value: unknown) => boolean, what: string]>> = {
  effects: [isFunction, 'a function'],
  reset: [isFunction, 'a function'],
  answers: [isSignals, 'a list of signals'],
  signal: [(value) => isSignal(value) || isSignals(value), 'a signal, or a list of them'],
  output: [isCollateral, 'a collateral'],
  store: [isFunction, 'a function'],
  ends: [(value) => ['completed', 'failed', 'aborted', 'any'].includes(value as string), 'an end'],
  pairs: [isNumber, 'a number'],
  patience: [isNumber, 'a number'],
  shown: [isFunction, 'a function'],
  arbitraries: [(value) => typeof value === 'object' && value !== null, 'an object'],
  samples: [isNumber, 'a number'],
  at: [anything, ''],
  concurrency: [anything, ''],
  maxNeuronHops: [anything, ''],
  maxFrontier: [anything, ''],
  modality: [anything, ''],
  afferentPath: [anything, ''],
  stimulationContext: [anything, ''],
  contextValues: [anything, ''],
  ctx: [anything, ''],
};

/** @throws FlowModuleError for what `checkCrashes` would not take, or not look at */
export function exportedOptions(path: string, prove: unknown): ExportedOptions {
  if (prove === undefined) return {};
  if (typeof prove !== 'object' || prove === null) {
    throw new FlowModuleError(`${path}: prove is no object`, {
      hint: 'export const prove = { effects: () => …, reset: () => … }, as for checkCrashes',
    });
  }
  for (const [name, value] of Object.entries(prove)) {
    const [is, what] = (Object.hasOwn(KNOWN, name) ? KNOWN[name as keyof CheckCrashesOptions] : undefined) ?? [];
    if (is === undefined) {
      throw new FlowModuleError(`${path}: prove has no option "${name}"`, {
        hint: listed('there are', Object.keys(KNOWN)),
      });
    }
    if (value !== undefined && !is(value)) {
      throw new FlowModuleError(`${path}: prove.${name} is not ${String(what)}`, {
        hint: 'see the options of checkCrashes in engram/testing',
      });
    }
  }
  return calledFor(path, prove);
}

/** What throws in a function of the user's is told by its name. */
function calledFor(path: string, prove: ExportedOptions): ExportedOptions {
  const named = <T>(name: string, call: (() => T) | undefined) =>
    call === undefined
      ? {}
      : {
          [name]: async (): Promise<Awaited<T>> => {
            try {
              return await call();
            } catch (cause) {
              throw new FlowModuleError(`${path}: prove.${name} threw: ${describeError(cause)}`, {
                cause,
                hint: 'mend it; ENGRAM_DEBUG=1 shows where it threw',
              });
            }
          },
        };
  const { effects, reset, store } = prove;
  return { ...prove, ...named('effects', effects), ...named('reset', reset), ...named('store', store) };
}
