/**
 * What a handler takes from the process past the clock, seen while it is asked for: time, randomness and timers. The
 * globals are watched during a check and only for what handlers call, told apart by their asynchronous context; everybody
 * else gets what was there. Time and randomness are other ones in every life of a run, as they are in truth. A handler
 * that ends its process ends the simulated one.
 */
/* eslint-disable no-restricted-properties, no-restricted-globals, @typescript-eslint/unbound-method -- what is replaced has to be named */
import { AsyncLocalStorage } from 'node:async_hooks';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

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
  const { Date: RealDate, setTimeout: realTimeout, setInterval: realInterval } = globalThis;
  const { clearTimeout: realClear, clearInterval: realClearInterval } = globalThis;
  const [random, now] = [Math.random.bind(Math), performance.now.bind(performance)];
  const { randomUUID, randomBytes, randomInt } = crypto;
  const shift = (): number => {
    const watched = current.getStore();
    watched?.reads.add('the time');
    return (watched?.life ?? 0) * DAY;
  };

  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: [], newTarget) =>
      args.length > 0 ? construct(target, args, newTarget) : construct(target, [target.now() + shift()], newTarget),
    apply: (target) => new target(target.now() + shift()).toString(),
    get: (target, key): unknown => (key === 'now' ? () => target.now() + shift() : Reflect.get(target, key)),
  });
  performance.now = () => now() + shift();
  Math.random = () => {
    const watched = current.getStore();
    if (watched === undefined) return random();
    watched.reads.add('randomness');
    return watched.life % 2 === 0 ? random() / 2 : 0.5 + random() / 2; // a choice by half is another one
  };
  const noted = <F extends (...args: never[]) => unknown>(draw: F): F =>
    ((...args: Parameters<F>) => {
      current.getStore()?.reads.add('randomness');
      return draw(...args);
    }) as F;
  const webUUID = globalThis.crypto.randomUUID.bind(globalThis.crypto);
  globalThis.crypto.randomUUID = noted(webUUID);
  Object.assign(crypto, {
    randomUUID: noted(randomUUID),
    randomBytes: noted(randomBytes as () => Buffer),
    randomInt: noted(randomInt as () => number),
  });
  syncBuiltinESMExports();
  const { kill, exit, abort } = process;
  const dies =
    <A extends unknown[]>(real: (...args: A) => unknown, isOwn: (...args: A) => boolean) =>
    (...args: A): unknown => {
      const watched = current.getStore();
      if (watched === undefined || !isOwn(...args)) return real(...args);
      watched.hasDied = true;
      watched.die();
      throw new Killed('this process was killed');
    };
  Object.assign(process, {
    kill: dies(kill.bind(process), (pid, signal) => pid === process.pid && signal !== 0),
    exit: dies(exit.bind(process), () => true),
    abort: dies(abort.bind(process), () => true),
  });
  const timed =
    (real: typeof setTimeout | typeof setInterval, isOnce: boolean) =>
    (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
      const watched = current.getStore();
      const timer = real(() => {
        if (isOnce) watched?.timers.delete(timer);
        callback(...args);
      }, ms);
      watched?.timers.add(timer);
      return timer;
    };
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-assertion -- its promisified form is copied with it
  globalThis.setTimeout = Object.assign(timed(realTimeout, true), realTimeout) as unknown as typeof setTimeout;
  globalThis.setInterval = timed(realInterval, false) as unknown as typeof setInterval;
  const cleared = (real: (timer: NodeJS.Timeout) => void) => (timer: NodeJS.Timeout) => {
    current.getStore()?.timers.delete(timer);
    real(timer);
  };
  globalThis.clearTimeout = cleared(realClear) as typeof clearTimeout;
  globalThis.clearInterval = cleared(realClearInterval) as typeof clearInterval;

  return () => {
    Object.assign(globalThis, { Date: RealDate, setTimeout: realTimeout, setInterval: realInterval });
    Object.assign(process, { kill, exit, abort });
    Object.assign(globalThis, { clearTimeout: realClear, clearInterval: realClearInterval });
    Math.random = random;
    performance.now = now;
    globalThis.crypto.randomUUID = webUUID;
    Object.assign(crypto, { randomUUID, randomBytes, randomInt });
    syncBuiltinESMExports();
  };
}

const construct = (target: DateConstructor, args: readonly unknown[], newTarget: unknown): Date =>
  Reflect.construct(target, args, newTarget as new () => Date) as Date;

/** Whether a timer that was left keeps the process alive. */
export const keepsAlive = (timer: object): boolean =>
  'hasRef' in timer && typeof timer.hasRef === 'function' ? (timer.hasRef as () => boolean)() : true;
