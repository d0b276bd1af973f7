import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { claim, creation, saving } from '../../adapters/conformance/bench.js';
import { fileStore } from '../../adapters/file.js';
import { CorruptCheckpointError, UnsupportedFormatError } from '../../src/errors/index.js';
import type { Lease } from '../../src/durability/store.js';
import { temporaryFolder } from './support/children.js';
import { logsOf, recordRuns, type Recorded } from './support/damage.js';

const SEED = 20_261;

describe('a log with a torn end', () => {
  it('cut at every byte of its last line, gives the checkpoint before it, and the run goes on from there', async () => {
    const dir = temporaryFolder();
    const recorded = await recordRuns(dir);
    const log = logsOf(dir)[0] ?? '';
    const bytes = readFileSync(log);
    const start = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
    for (let size = bytes.length - 1; size >= start; size -= 1) {
      truncateSync(log, size);
      const store = fileStore({ dir });
      expect(await checkpoint(store, 'run-2')).toEqual({ seq: 4, ...recorded.get('run-2')?.[3] });
      expect(await checkpoint(store, 'run-1')).toEqual({ seq: 5, ...recorded.get('run-1')?.[4] });
      await store.close();
    }
    truncateSync(log, start + 40);
    const store = fileStore({ dir });
    const lease = await store.acquire('run-2', claim('two', { dead: ['one'] }));
    await store.save(saving('run-2', 5, lease as Lease, { head: '"again"' }));
    await store.close();
    expect((await fileStore({ dir }).load('run-2'))?.head).toBe('"again"');
  });

  it('cut at every byte of all of it, gives some earlier state or nothing, and never fails', async () => {
    const dir = temporaryFolder();
    const recorded = await recordRuns(dir);
    const log = logsOf(dir)[0] ?? '';
    for (let size = readFileSync(log).length; size >= 0; size -= 1) {
      truncateSync(log, size);
      const loaded = await checkpoint(fileStore({ dir }), 'run-1');
      if (loaded !== undefined) expect(loaded).toEqual({ seq: loaded.seq, ...recorded.get('run-1')?.[loaded.seq - 1] });
    }
  });
});

describe('a log with a damaged line in its middle', () => {
  it('refuses that checkpoint and those that build on it, naming file and line, and gives the others', async () => {
    const dir = temporaryFolder();
    const recorded = await recordRuns(dir);
    const log = logsOf(dir)[0] ?? '';
    writeFileSync(log, readFileSync(log, 'utf8').replace('run-1 at 2', 'run-1 at 9'));
    const store = fileStore({ dir });
    expect(await store.history('run-1')).toEqual([5, 4, 3, 2, 1]);
    const refusal = await store.load('run-1', 2).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CorruptCheckpointError);
    expect(String(refusal)).toContain(`${log} line 4`);
    await expect(store.load('run-1', 3)).rejects.toBeInstanceOf(CorruptCheckpointError);
    for (const seq of [1, 4, 5]) {
      expect(await checkpoint(store, 'run-1', seq)).toEqual({ seq, ...recorded.get('run-1')?.[seq - 1] });
    }
    for (const seq of [1, 2, 3, 4, 5]) {
      expect(await checkpoint(store, 'run-2', seq)).toEqual({ seq, ...recorded.get('run-2')?.[seq - 1] });
    }
    await store.close();
  });

  it('notices a line that is gone by the gap it leaves', async () => {
    const dir = temporaryFolder();
    const recorded = await recordRuns(dir);
    const log = logsOf(dir)[0] ?? '';
    const lines = readFileSync(log, 'utf8').split('\n');
    writeFileSync(log, lines.filter((line) => !line.includes('"run-1 at 2"')).join('\n'));
    const store = fileStore({ dir });
    await expect(store.load('run-1', 3)).rejects.toThrow(/builds on 2, which is not there/);
    expect(await checkpoint(store, 'run-1', 4)).toEqual({ seq: 4, ...recorded.get('run-1')?.[3] });
    await store.close();
  });

  it(`with any one bit flipped, never gives wrong texts (200 places, seed ${SEED})`, async () => {
    const dir = temporaryFolder();
    const recorded = await recordRuns(dir);
    const log = logsOf(dir)[0] ?? '';
    const intact = readFileSync(log);
    const random = randomNumbers(SEED);
    let refused = 0;
    for (let i = 0; i < 200; i += 1) {
      const bytes = Buffer.from(intact);
      const at = Math.floor(random() * bytes.length);
      const bit = Math.floor(random() * 8);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
      writeFileSync(log, bytes);
      const store = fileStore({ dir });
      for (const [id, checkpoints] of recorded) {
        for (const seq of [undefined, 1, 2, 3, 4, 5]) {
          const place = `byte ${at}, bit ${bit}, ${id}, seq ${seq ?? 'newest'}`;
          const loaded = await checkpoint(store, id, seq).catch((error: unknown) => {
            expect(error, place).toBeInstanceOf(CorruptCheckpointError);
            refused += 1;
            return undefined;
          });
          if (loaded !== undefined) expect(loaded, place).toEqual({ seq: loaded.seq, ...checkpoints[loaded.seq - 1] });
        }
        expect((await store.history(id)).length).toBeGreaterThanOrEqual(4);
      }
      await store.close();
    }
    expect(refused).toBeGreaterThan(100);
  });
});

describe('files that are not for this version', () => {
  it('a foreign file among the logs is named, on every call, and not touched', async () => {
    const dir = temporaryFolder();
    mkdirSync(join(dir, 'logs'));
    for (const text of ['hello\nworld\n', 'no line break', '{"a":1}\n', '\0\0\0\n', '\n']) {
      const path = join(dir, 'logs', 'foreign.jsonl');
      writeFileSync(path, text);
      const store = fileStore({ dir });
      for (const call of [() => store.list(), () => store.load('run'), () => store.create(creation('run'))]) {
        const refusal = await call().catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(UnsupportedFormatError);
        expect(String(refusal)).toContain(path);
      }
      expect(readFileSync(path, 'utf8')).toBe(text);
      await store.close();
    }
  });

  it('a log of a later version is named with its version', async () => {
    const dir = temporaryFolder();
    mkdirSync(join(dir, 'logs'));
    writeFileSync(join(dir, 'logs', 'later.jsonl'), '{"engram":"file-log","version":2,"sum":"x"}\n{}\n');
    await expect(fileStore({ dir }).list()).rejects.toThrow(
      /later\.jsonl has "file-log" version 2; this version reads/,
    );
  });

  it('a log that is only being begun is no foreign file', async () => {
    const dir = temporaryFolder();
    mkdirSync(join(dir, 'logs'));
    for (const text of ['', '{', '{"crc":"12', '{"crc":"12345678","engr', '\0'.repeat(4096)]) {
      writeFileSync(join(dir, 'logs', 'young.jsonl'), text);
      expect(await fileStore({ dir }).list()).toEqual({ runs: [] });
    }
  });

  it('what a process had read of a log that was restored from a backup is read anew', async () => {
    const dir = temporaryFolder();
    const store = fileStore({ dir });
    const lease = await store.create(creation('run'));
    const log = logsOf(dir)[0] ?? '';
    copyFileSync(log, `${log}.backup`);
    await store.save(saving('run', 2, lease as Lease));
    const reader = fileStore({ dir });
    expect((await reader.load('run'))?.seq).toBe(2);
    await store.close();
    copyFileSync(`${log}.backup`, log);
    expect((await reader.load('run'))?.seq).toBe(1);
    await reader.close();
  });
});

it('a message that cannot be read is told of when no other is left; it holds up no other, no lease and no list', async () => {
  const dir = temporaryFolder();
  const store = fileStore({ dir });
  const lease = (await store.create(creation('run'))) as Lease;
  for (const deliveryId of ['good', 'bad']) await store.post('run', { deliveryId, body: '1' });
  const names = readdirSync(join(dir, 'inbox'), { recursive: true, encoding: 'utf8' });
  const path = join(dir, 'inbox', names.find((name) => name.includes('bad~')) ?? '');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"body":"1"', '"body":"2"'));
  expect(await store.inbox('run')).toEqual([{ deliveryId: 'good', body: '1' }]);
  expect(await store.renew('run', lease, 1000)).toMatchObject({ inbox: 2 });
  expect((await store.list()).runs).toMatchObject([{ id: 'run', inbox: 2 }]);
  await store.save(saving('run', 2, lease, { ackInbox: ['good'] }));
  const refusal = await store.inbox('run').catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(CorruptCheckpointError);
  expect(String(refusal)).toContain(path);
  await store.close();
});

async function checkpoint(store: ReturnType<typeof fileStore>, id: string, seq?: number) {
  const loaded = await store.load(id, seq);
  if (loaded === undefined) return undefined;
  return { seq: loaded.seq, head: loaded.head, parts: Object.fromEntries(loaded.parts) } satisfies Recorded & {
    seq: number;
  };
}

/** mulberry32 */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
