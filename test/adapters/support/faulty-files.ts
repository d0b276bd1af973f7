/** Makes one call to the file system fail, by its number, in this process. */
import { onTestFinished } from 'vitest';
import { wrapFiles } from '../../../adapters/file/operations.js';

/**
 * `before`: it fails and does nothing. `after`: it is done, and fails all the same. `half`: of what it should write, half
 * is written. `dead`: as `before`, and so does everything that comes after it, as if the process were gone.
 */
export type Fault = 'before' | 'after' | 'half' | 'dead';

export interface Injection {
  /** How many calls there were. */
  readonly calls: () => number;
  /** The call that failed, e.g. `syncData`; undefined when there were fewer. */
  readonly hit: () => string | undefined;
  readonly end: () => void;
}

/** A process that dies at one of these leaves the disk as if it had died at the next call that changes something. */
const LOOKS = ['read', 'readLong', 'readText', 'list', 'look', 'info', 'close'];

/**
 * @param at the number of the call that fails, from 1; 0 for none
 * @param counted whether calls that change nothing are counted too
 */
export function injectFault(at: number, fault: Fault, counted: 'all' | 'changes' = 'all'): Injection {
  let calls = 0;
  let hit: string | undefined;
  const restore = wrapFiles((inner) => {
    const wrapped = Object.entries(inner).map(([name, call]: [string, (...args: unknown[]) => unknown]) => [
      name,
      (...args: unknown[]) => {
        const isLook = LOOKS.includes(name) || (name === 'open' && args[1] === 'r');
        const isDead = fault === 'dead' && hit !== undefined;
        if (counted === 'changes' && isLook && !isDead) return call(...args);
        calls += 1;
        if (calls !== at && !isDead) return call(...args);
        hit ??= name;
        return fail(call, name, args, fault);
      },
    ]);
    return Object.fromEntries(wrapped);
  });
  onTestFinished(restore);
  return { calls: () => calls, hit: () => hit, end: restore };
}

function fail(call: (...args: unknown[]) => unknown, name: string, args: unknown[], fault: Fault): unknown {
  const error = Object.assign(new Error(`EIO: injected ${fault} ${name}`), { code: 'EIO' });
  if (fault === 'half' && name === 'write') {
    const [fd, bytes, offset] = args as [number, Uint8Array, number];
    call(fd, bytes.subarray(0, offset + Math.ceil((bytes.length - offset) / 2)), offset);
  }
  const done = fault === 'after' ? call(...args) : undefined;
  if (!['sync', 'syncData', 'readLong'].includes(name)) throw error;
  return Promise.resolve(done).then(() => {
    throw error;
  });
}
