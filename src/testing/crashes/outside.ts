/**
 * What a handler takes from the process past the clock, seen while it is asked for: time, randomness and timers. The
 * globals are watched during a check and only for what handlers call, told apart by their asynchronous context; everybody
 * else gets what was there. Time and randomness are other ones in every life of a run, as they are in truth. A handler
 * that ends its process ends the simulated one.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';

export type Read = 'the time' | 'randomness';

/** Of one call of a handler. */
export interface Watched {
  readonly reads: Set<Read>;
  /** Timers that were set and have neither fired nor been cleared nor been unreferenced. */
  readonly timers: Set<object>;
  /** Counts the lives of the run, from 0. */
  readonly life: number;
  /** Kills the process that the handler runs in. */
  readonly die: () => void;
  /** It has killed its process. */
  hasDied: boolean;
}

/** Thrown where a process that is killed would stop. Nobody sees what comes of it. */
class Killed extends Error {}

const current = new AsyncLocalStorage<Watched>();
const DAY = 86_400_000;

/** Calls a handler so that what it asks for is noted. */
export const watching = <T>(watched: Watched, call: () => T): T => current.run(watched, call);

let watchers = 0;
let unwatch: () => void = () => undefined;

/** @returns ends the watch; the last one gives the globals back */
export function watchGlobals(): () => void {
  if (watchers++ === 0) unwatch = replaceGlobals();
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    if (--watchers === 0) unwatch();
  };
}

function replaceGlobals(): () => void {
  const undo = [
    ...replaceTime(),
    ...replaceChance(),
    ...replaceTimers(),
    replace(process, 'kill', (real) => dying(real, (pid, signal) => pid === process.pid && signal !== 0)),
    replace(process, 'exit', (real) => dying(real, () => true)),
    replace(process, 'abort', (real) => dying(real, () => true)),
  ];
  syncBuiltinESMExports();
  return () => {
    for (const one of undo) one();
    syncBuiltinESMExports();
  };
}

type Real = (...args: unknown[]) => unknown;

/** @returns puts back what was there, as it was */
function replace(target: object, key: string, make: (real: Real) => unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(target, key);
  const real = Reflect.get(target, key) as Real;
  const value = make((...args) => Reflect.apply(real, target, args));
  Object.defineProperty(target, key, {
    configurable: true,
    enumerable: own?.enumerable ?? false,
    writable: true,
    value,
  });
  return () => {
    if (own === undefined) Reflect.deleteProperty(target, key);
    else Object.defineProperty(target, key, own);
  };
}

function replaceTime(): (() => void)[] {
  const RealDate = Date;
  const shift = (): number => {
    const watched = current.getStore();
    watched?.reads.add('the time');
    return (watched?.life ?? 0) * DAY;
  };
  const watchedDate = new Proxy(RealDate, {
    construct: (target, args: [], newTarget) =>
      args.length > 0 ? construct(target, args, newTarget) : construct(target, [target.now() + shift()], newTarget),
    apply: (target) => new target(target.now() + shift()).toString(),
    get: (target, key): unknown => (key === 'now' ? () => target.now() + shift() : Reflect.get(target, key)),
  });
  return [
    replace(globalThis, 'Date', () => watchedDate),
    replace(performance, 'now', (real) => () => (real() as number) + shift()),
  ];
}

const construct = (target: DateConstructor, args: readonly unknown[], newTarget: unknown): Date =>
  Reflect.construct(target, args, newTarget as new () => Date) as Date;

function replaceChance(): (() => void)[] {
  const noted =
    (real: Real): Real =>
    (...args) => {
      current.getStore()?.reads.add('randomness');
      return real(...args);
    };
  const random = (real: Real) => (): number => {
    const watched = current.getStore();
    const drawn = real() as number;
    if (watched === undefined) return drawn;
    watched.reads.add('randomness');
    return watched.life % 2 === 0 ? drawn / 2 : 0.5 + drawn / 2; // a choice by half is another one
  };
  return [
    replace(Math, 'random', random),
    replace(globalThis.crypto, 'randomUUID', noted),
    ...['randomUUID', 'randomBytes', 'randomInt'].map((key) => replace(crypto, key, noted)),
  ];
}

/** In the place of what ends this process. */
const dying =
  (real: Real, isOwn: (...args: unknown[]) => boolean): Real =>
  (...args) => {
    const watched = current.getStore();
    if (watched === undefined || !isOwn(...args)) return real(...args);
    watched.hasDied = true;
    watched.die();
    throw new Killed('this process was killed');
  };

/** Who has set a timer, which anybody may clear. */
const setBy = new WeakMap<object, Watched>();

function replaceTimers(): (() => void)[] {
  const setting =
    (isOnce: boolean) =>
    (real: Real): Real => {
      const set: Real = (callback, ...args) => {
        const watched = current.getStore();
        if (watched === undefined || typeof callback !== 'function') return real(callback, ...args);
        const fired = (...given: unknown[]): void => {
          if (isOnce) watched.timers.delete(timer);
          try {
            (callback as Real)(...given);
          } catch (error) {
            if (!(error instanceof Killed)) throw error;
          }
        };
        const timer = real(fired, ...args) as object;
        watched.timers.add(timer);
        setBy.set(timer, watched);
        return timer;
      };
      return set;
    };
  const clearing =
    (real: Real): Real =>
    (timer) => {
      if (typeof timer === 'object' && timer !== null) setBy.get(timer)?.timers.delete(timer);
      return real(timer);
    };
  const once = [promisified('setTimeout', setting(true)), promisified('setImmediate', setting(true))];
  const clear = ['clearTimeout', 'clearInterval', 'clearImmediate'].map((key) => replace(globalThis, key, clearing));
  return [...once, replace(globalThis, 'setInterval', setting(false)), ...clear];
}

/** With the form of it that gives a promise. */
function promisified(key: 'setTimeout' | 'setImmediate', make: (real: Real) => Real): () => void {
  const form: unknown = Reflect.get(globalThis[key], promisify.custom);
  return replace(globalThis, key, (real) => Object.assign(make(real), { [promisify.custom]: form }));
}

/** What a run has left behind does not outlive it. */
export function clearTimers({ timers }: Watched): void {
  for (const timer of timers) {
    if ('hasRef' in timer && 'refresh' in timer) clearTimeout(timer as NodeJS.Timeout);
    else clearImmediate(timer as NodeJS.Immediate);
  }
}

/** Whether a timer that was left keeps the process alive. */
export const keepsAlive = (timer: object): boolean =>
  'hasRef' in timer && typeof timer.hasRef === 'function' ? (timer.hasRef as () => boolean)() : true;
