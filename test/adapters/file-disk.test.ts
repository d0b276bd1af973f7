import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { creation, saving } from '../../adapters/conformance/bench.js';
import { fileStore } from '../../adapters/file.js';
import { InvalidArgumentError, StoreUnavailableError } from '../../src/errors/index.js';
import type { Lease } from '../../src/durability/store.js';
import { temporaryFolder } from './support/children.js';
import { logsOf } from './support/damage.js';

describe('the directory of a file store', () => {
  it('is not made by reading', async () => {
    const dir = join(temporaryFolder(), 'a', 'b');
    const store = fileStore({ dir });
    expect(await store.list()).toEqual({ runs: [] });
    expect(await store.load('run')).toBeUndefined();
    expect(await store.inbox('run')).toEqual([]);
    await store.close();
    expect(existsSync(dir)).toBe(false);
  });

  it('is made by the first write, for this user alone', async () => {
    const dir = join(temporaryFolder(), 'a', 'b');
    const store = fileStore({ dir });
    const lease = (await store.create(creation('run'))) as Lease;
    await store.post('run', { deliveryId: 'd', body: '1' });
    await store.renew('run', lease, 100_000_000_000_000);
    await store.close();
    const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((path) => join(dir, path));
    const files = paths.filter((path) => statSync(path).isFile());
    expect(files).toHaveLength(4);
    for (const path of [dir, ...paths]) {
      const stat = statSync(path);
      // A log that nobody adds to any more is read-only.
      const mode = path.endsWith('.jsonl') ? 0o400 : stat.isFile() ? 0o600 : 0o700;
      expect([path, stat.mode & 0o777]).toEqual([path, mode]);
    }
    expect(paths.filter((path) => path.endsWith('.tmp'))).toEqual([]);
  });

  it('holds a log of which every line is JSON that a person can read', async () => {
    const dir = temporaryFolder();
    const store = fileStore({ dir });
    const parts = { frontier: '["a"]', 'context/n': '{"count":3}' };
    const lease = (await store.create(creation('order-7', { head: '{"status":"running"}', parts }))) as Lease;
    await store.save(saving('order-7', 2, lease, { parts: { frontier: null }, events: ['{"did":"a"}'] }));
    await store.close();
    const [head, first, second] = readFileSync(logsOf(dir)[0] ?? '', 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(head).toMatchObject({ engram: 'file-log', version: 1, owner: { pid: process.pid } });
    const read = { frontier: ['a'], 'context/n': { count: 3 } };
    expect(first).toMatchObject({ run: 'order-7', seq: 1, fence: 1, head: { status: 'running' }, parts: read });
    expect(second).toMatchObject({ run: 'order-7', seq: 2, parts: { frontier: null }, events: [{ did: 'a' }] });
  });

  it('cannot be the empty string', () => {
    expect(() => fileStore({ dir: '' })).toThrow(InvalidArgumentError);
  });

  it('survives the machine with fsync, and the process without', () => {
    expect(fileStore({ dir: 'x' }).capabilities.survives).toBe('machine');
    expect(fileStore({ dir: 'x', fsync: false }).capabilities.survives).toBe('process');
  });
});

describe('a directory that cannot be used', () => {
  it.each([
    ['below a file', (folder: string) => (writeFileSync(join(folder, 'file'), ''), join(folder, 'file', 'store'))],
    ['where the system makes none', () => '/proc/engram-test'],
  ])('%s gives a typed error that names the path and says what to do', async (_, place) => {
    const dir = place(temporaryFolder());
    const store = fileStore({ dir });
    const refusal = await store.create(creation('run')).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(StoreUnavailableError);
    expect(String(refusal)).toContain(dir);
    expect((refusal as StoreUnavailableError).hint).toContain(dir);
    expect((refusal as StoreUnavailableError).retryable).toBe(true);
    await store.close();
  });

  it('removed under a running process gives a typed error, not saves into nowhere', async () => {
    const dir = join(temporaryFolder(), 'store');
    const store = fileStore({ dir });
    const lease = (await store.create(creation('run'))) as Lease;
    rmSync(dir, { recursive: true });
    await expect(store.save(saving('run', 2, lease))).rejects.toBeInstanceOf(StoreUnavailableError);
    await store.close();
  });
});

describe('the cost of a save', () => {
  it('is one log for all runs, and one line for a save', async () => {
    const dir = temporaryFolder();
    const store = fileStore({ dir });
    const ids = Array.from({ length: 20 }, (_, i) => `run ${i}`);
    const leases = await Promise.all(ids.map((id) => store.create(creation(id))));
    await Promise.all(ids.map((id, i) => store.save(saving(id, 2, leases[i] as Lease))));
    await store.close();
    expect(logsOf(dir)).toHaveLength(1);
    expect(readFileSync(logsOf(dir)[0] ?? '', 'utf8').split('\n')).toHaveLength(1 + 40 + 1);
  });
});
