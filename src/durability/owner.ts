/**
 * Who holds a run, and whether that process is still there.
 *
 * Job: name this process so that another one on the same host can prove it dead, and do that proof.
 * Rule: a living process is never called dead. Whatever cannot be known (another boot, another pid namespace, another
 * host, a /proc that hides processes) is "not provably dead", and the lease has to expire instead.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Clock } from '../clock/clock.js';
import type { Owner } from './store.js';

/** The owner that stands for this process. Each call gives one of its own. */
export function thisOwner(clock: Clock): Owner {
  return {
    key: `${process.pid}-${clock.id()}`,
    label: labelOf(process.pid),
    boot: currentBoot(),
    namespace: currentNamespace(),
    pid: process.pid,
    started: ownStart(),
  };
}

/**
 * Whether the process of this owner is certainly gone.
 *
 * Another boot id is no proof: it may be another machine that shares the disk. By the time a machine is up again the
 * leases that it held are mostly past their time anyway.
 */
export function isProvablyDead(owner: Owner): boolean {
  if (owner.pid === process.pid && owner.started === ownStart()) return false;
  if (owner.boot !== currentBoot() || owner.namespace !== currentNamespace()) return false;
  const isLinux = owner.boot !== '' && owner.namespace !== '';
  if (!isLinux) return owner.label === labelOf(owner.pid) && isPidFree(owner.pid);
  if (isPidFree(owner.pid)) return true;
  const status = statusOf(owner.pid);
  if (status === undefined) return false;
  return (owner.started !== '' && status.started !== owner.started) || status.gone;
}

function labelOf(pid: number): string {
  return `pid ${pid} on ${hostname()}`;
}

/** Only "no such process" counts; a process of another user is one. */
function isPidFree(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** None of them changes as long as this process lives. */
let boot: string | undefined;
let namespace: string | undefined;
let started: string | undefined;

function currentBoot(): string {
  return (boot ??= readOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()));
}

function currentNamespace(): string {
  return (namespace ??= readOr('', () => readlinkSync('/proc/self/ns/pid')));
}

function ownStart(): string {
  return (started ??= statusOf(process.pid)?.started ?? '');
}

/** From /proc/<pid>/stat. `gone`: a zombie without threads, which will never run again but is not yet reaped. */
function statusOf(pid: number): { readonly started: string; readonly gone: boolean } | undefined {
  return readOr(undefined, () => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in brackets, may hold blanks and brackets itself: fields count from the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = fields[0];
    const started = fields[19];
    if (state === undefined || started === undefined) return undefined;
    const gone = (state === 'Z' || state === 'X') && readdirSync(`/proc/${pid}/task`).length <= 1;
    return { started, gone };
  });
}

function readOr<T>(fallback: T, read: () => T): T {
  try {
    return read();
  } catch {
    return fallback;
  }
}
