/** Entries whose payloads are drawn, the same ones every time. */
import { InvalidArgumentError, listed } from '../../errors/index.js';
import type { Signal } from '../../graph/collateral.js';
import { randomFrom } from '../clock/random.js';
import type { CheckCrashesOptions } from './options.js';

const SAMPLES = 5;

export interface Sample {
  readonly signal: readonly Signal[];
  /** By collateral; undefined where nothing is drawn. */
  readonly drawn: Readonly<Record<string, unknown>> | undefined;
}

/** @throws InvalidArgumentError for an arbitrary of a collateral that the run does not begin with, or a wrong number */
export function samplesOf({ signal, arbitraries, samples = SAMPLES }: CheckCrashesOptions): readonly Sample[] {
  const signals = Array.isArray(signal) ? (signal as readonly Signal[]) : [signal as Signal];
  if (arbitraries === undefined) return [{ signal: signals, drawn: undefined }];
  const names = signals.map(({ collateral }) => collateral.name ?? '');
  const stray = Object.keys(arbitraries).find((name) => !names.includes(name));
  if (stray !== undefined) {
    throw new InvalidArgumentError(`checkCrashes: arbitraries: the run does not begin with "${stray}"`, {
      hint: listed('it begins with', names),
    });
  }
  if (!Number.isSafeInteger(samples) || samples < 1) {
    throw new InvalidArgumentError(`checkCrashes: samples must be a whole number from 1, and is ${samples}`, {
      hint: 'leave it out for 5',
    });
  }
  return Array.from({ length: samples }, (_, n) => {
    const random = randomFrom(n + 1);
    const drawn = Object.fromEntries(Object.entries(arbitraries).map(([name, draw]) => [name, draw(random)]));
    const one = (given: Signal): Signal => {
      const name = given.collateral.name ?? '';
      return Object.hasOwn(drawn, name) ? { ...given, payload: drawn[name] } : given;
    };
    return { signal: signals.map(one), drawn };
  });
}
