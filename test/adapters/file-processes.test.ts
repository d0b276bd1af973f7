import { describe, expect, it } from 'vitest';
import { fileStore } from '../../adapters/file.js';
import { claim, saving } from '../../adapters/conformance/bench.js';
import { isProvablyDead } from '../../src/durability/owner.js';
import type { Lease } from '../../src/durability/store.js';
import { StoreProcess, temporaryFolder } from './support/children.js';

const taker = { ...claim('taker'), isDead: isProvablyDead };

describe('several processes on one directory', () => {
  it('after SIGKILL in the middle of saves, every acknowledged one is there and the run is taken over at once', async () => {
    const dir = temporaryFolder();
    const child = await StoreProcess.start(dir);
    const runs = 5;
    let lease: unknown;
    for (let i = 0; i < runs; i += 1) lease = (await child.call('create', `run ${i}`, '1')).value;
    void child.call('saveForEver', 'run ', lease, runs);
    await child.acknowledges(40);
    await child.kill();
    const acknowledged = child.acknowledged.at(-1) ?? 0;
    expect(acknowledged).toBeGreaterThanOrEqual(40);
    const store = fileStore({ dir });
    for (let i = 0; i < runs; i += 1) {
      const id = `run ${i}`;
      const taken = await store.acquire(id, taker);
      expect(taken?.fence).toBe(2);
      const loaded = await store.load(id);
      expect(loaded?.seq).toBeGreaterThanOrEqual(acknowledged);
      const seq = loaded?.seq ?? 0;
      expect(loaded?.head).toBe(String(seq));
      expect(loaded?.parts.get(`p${seq % 10}`)).toBe(String(seq));
      expect(loaded?.parts.get(`p${(seq - 1) % 10}`)).toBe(String(seq - 1));
      expect(await store.events(id)).toEqual(Array.from({ length: seq - 1 }, (_, n) => String(n + 2)));
      await store.save(saving(id, seq + 1, taken as Lease, { head: '"taken"' }));
      expect((await store.load(id))?.head).toBe('"taken"');
    }
    await store.close();
  });

  it('I5: a process that was paused and overtaken is refused when it goes on, and what it wrote does not count', async () => {
    const dir = temporaryFolder();
    const child = await StoreProcess.start(dir);
    const lease = (await child.call('create', 'run', '"first"')).value as Lease;
    child.pause();
    const store = fileStore({ dir });
    await expect(store.acquire('run', taker)).rejects.toThrow(/is owned by pid/);
    const taken = await store.acquire('run', { ...taker, isDead: () => true });
    child.goOn();
    const late = await child.call('save', saving('run', 2, lease, { head: '"late"' }));
    expect(late.error?.name).toBe('StaleOwnerError');
    expect((await store.load('run'))?.head).toBe('"first"');
    await store.save(saving('run', 2, taken as Lease, { head: '"mine"' }));
    expect((await child.call('head', 'run')).value).toBe('"mine"');
    const reader = fileStore({ dir });
    expect(await reader.history('run')).toEqual([2, 1]);
    expect((await reader.load('run'))?.head).toBe('"mine"');
    await Promise.all([store.close(), reader.close()]);
  });

  it('I5: of creators in four processes exactly one gets each run', async () => {
    const dir = temporaryFolder();
    const children = await Promise.all([1, 2, 3, 4].map(() => StoreProcess.start(dir)));
    for (let round = 0; round < 25; round += 1) {
      const answers = await Promise.all(children.map((child, i) => child.call('create', `run ${round}`, String(i))));
      const winners = answers.flatMap((answer, i) => (answer.value === undefined ? [] : [i]));
      expect(winners).toHaveLength(1);
      expect(answers.filter((answer) => answer.error !== undefined)).toEqual([]);
      for (const child of children) expect((await child.call('head', `run ${round}`)).value).toBe(String(winners[0]));
    }
  });

  it('I5: of takers in four processes exactly one gets the run of a dead owner', async () => {
    const dir = temporaryFolder();
    const first = await StoreProcess.start(dir);
    for (let round = 0; round < 10; round += 1) await first.call('create', `run ${round}`, '1');
    await first.kill();
    const children = await Promise.all([1, 2, 3, 4].map(() => StoreProcess.start(dir)));
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all(children.map((child) => child.call('acquire', `run ${round}`)));
      expect(answers.filter((answer) => answer.value !== undefined)).toHaveLength(1);
      expect(answers.flatMap(({ error }) => error?.name ?? [])).toEqual(Array(3).fill('AlreadyOwnedError'));
    }
  });

  it('a run of which only the claim was made when its creator died can be created', async () => {
    const dir = temporaryFolder();
    const child = await StoreProcess.start(dir);
    await child.call('create', 'run', '1');
    await child.kill();
    const store = fileStore({ dir });
    expect((await store.list()).runs).toHaveLength(1);
    const { emptyLogs } = await import('./support/damage.js');
    emptyLogs(dir);
    const other = fileStore({ dir });
    expect(await other.load('run')).toBeUndefined();
    const lease = await other.create({
      ...saving('run', 1, { fence: 1 } as Lease),
      claim: taker,
      parts: new Map([['a', '2']]),
    });
    expect(lease?.fence).toBe(2);
    expect((await other.load('run'))?.parts.get('a')).toBe('2');
    await Promise.all([store.close(), other.close()]);
  });
});

describe('a disk that does not take it', () => {
  // SIGXFSZ ignored: a write beyond the limit is cut short and then fails, as it does on a full disk.
  const limited = "trap '' XFSZ; ulimit -f 64";

  it('a save that does not fit is refused with a typed error, leaves what was stored and does not hinder the next', async () => {
    const dir = temporaryFolder();
    const child = await StoreProcess.start(dir, { shell: limited });
    const lease = (await child.call('create', 'run', '"kept"')).value as Lease;
    const big = saving('run', 2, lease, { head: JSON.stringify('x'.repeat(100_000)) });
    for (let i = 0; i < 3; i += 1) {
      const { error } = await child.call('save', big);
      expect(error?.name).toBe('StoreUnavailableError');
      expect(error?.message).toContain('.jsonl');
      expect(error?.hint).toMatch(/ulimit -f.*intact/);
      expect((await child.call('head', 'run')).value).toBe('"kept"');
    }
    expect(await child.call('save', saving('run', 2, lease, { head: '"small"' }))).not.toHaveProperty('error');
    const store = fileStore({ dir });
    expect((await store.load('run'))?.head).toBe('"small"');
    expect(await store.history('run')).toEqual([2, 1]);
    await store.close();
  });

  it('when the log is full, saves go on in a fresh one', async () => {
    const dir = temporaryFolder();
    const child = await StoreProcess.start(dir, { shell: limited });
    const lease = (await child.call('create', 'run', '1')).value as Lease;
    let seq = 1;
    for (let i = 0; i < 12; i += 1) {
      const request = saving('run', seq + 1, lease, { head: JSON.stringify(`${'y'.repeat(20_000)}${i}`) });
      const { error } = await child.call('save', request);
      if (error === undefined) seq += 1;
      else expect(error.name).toBe('StoreUnavailableError');
    }
    expect(seq).toBeGreaterThan(6);
    const store = fileStore({ dir });
    expect((await store.load('run'))?.seq).toBe(seq);
    expect(await store.history('run')).toEqual(Array.from({ length: seq }, (_, i) => seq - i));
    await store.close();
  });

  it.runIf(process.getuid?.() === 0)(
    'a folder that the user may not write gives a typed error with the path',
    async () => {
      // Permissions do not bind root, so the child becomes another user.
      const dir = temporaryFolder();
      const child = await StoreProcess.start(dir, { user: 65_534 });
      const { error } = await child.call('create', 'run', '1');
      expect(error?.name).toBe('StoreUnavailableError');
      expect(error?.message).toContain(dir);
      expect(error?.hint).toMatch(/let this user read and write/);
    },
  );
});
