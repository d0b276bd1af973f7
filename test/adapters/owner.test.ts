import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock/clock.js';
import { isProvablyDead, thisOwner } from '../../src/durability/owner.js';
import { StoreProcess, temporaryFolder } from './support/children.js';
import type { Lease } from '../../src/durability/store.js';

const onLinux = process.platform === 'linux';

describe('I5: who is provably dead', () => {
  const self = thisOwner(systemClock);

  it('this process is not, and each call gives an owner of its own', () => {
    expect(isProvablyDead(self)).toBe(false);
    expect(thisOwner(systemClock).key).not.toBe(self.key);
    expect(self.label).toMatch(/^pid \d+ on ./);
    expect(self.pid).toBe(process.pid);
    if (onLinux) expect([self.boot, self.namespace, self.started].every((text) => text !== '')).toBe(true);
  });

  it('a living process is not, and a killed one is', async () => {
    const child = await StoreProcess.start(temporaryFolder());
    const { owner } = (await child.call('create', 'run', '1')).value as Lease;
    expect(isProvablyDead(owner)).toBe(false);
    child.pause();
    expect(isProvablyDead(owner)).toBe(false);
    child.goOn();
    await child.kill();
    expect(isProvablyDead(owner)).toBe(true);
  });

  it.runIf(onLinux)('a process whose pid belongs to another one now is', () => {
    expect(isProvablyDead({ ...self, pid: process.ppid, started: '1' })).toBe(true);
    expect(isProvablyDead({ ...self, started: '1' })).toBe(true);
  });

  it('what another boot or another pid namespace had is not: it may be another machine', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const gone = { ...self, pid: child.pid ?? 0 };
    expect(isProvablyDead(gone)).toBe(true);
    expect(isProvablyDead({ ...gone, boot: 'another' })).toBe(false);
    expect(isProvablyDead({ ...gone, namespace: 'another' })).toBe(false);
    expect(isProvablyDead({ ...gone, pid: 0 })).toBe(false);
  });

  it.runIf(onLinux)('an owner of which nothing is known is not: it was no process of this system', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    expect(isProvablyDead({ ...self, boot: '', namespace: '', started: '', pid: child.pid ?? 0 })).toBe(false);
  });

  it('a process of which the start is not known is not, while its pid is in use', () => {
    expect(isProvablyDead({ ...self, pid: process.ppid, started: '' })).toBe(false);
  });
});
