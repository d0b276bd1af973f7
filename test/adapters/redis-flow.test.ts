import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, inject, it, onTestFinished } from 'vitest';
import { redisStore } from 'engram/adapters/redis';
import { freshPrefix } from './support/redis.js';

interface Told {
  readonly began?: string;
  readonly resumed?: readonly string[];
}

const SCRIPT = fileURLToPath(new URL('./support/redis-flow.ts', import.meta.url));

/** One life of the process, and what it tells. */
function live(prefix: string, stopsAt: string): { readonly child: ChildProcess; readonly told: Told[] } {
  const args = [inject('redisUrl'), prefix, 'order', stopsAt];
  const child = fork(SCRIPT, args, { execArgv: ['--import', 'tsx'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const told: Told[] = [];
  child.on('message', (message: Told) => told.push(message));
  return { child, told };
}

const begun = (told: readonly Told[]) => told.flatMap(({ began }) => began ?? []);
const names = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `n${from + i}`);

it('I2, I4: a flow whose process is killed goes on in another one from its last milestone, and ends as if nothing had been', async () => {
  const prefix = freshPrefix();
  const done: string[] = [];
  for (const stopsAt of ['n3', 'n7', '']) {
    const { child, told } = live(prefix, stopsAt);
    if (stopsAt === '') {
      const [code] = (await once(child, 'exit')) as [number | null];
      expect(code).toBe(0);
      expect(told.find(({ resumed }) => resumed !== undefined)?.resumed).toEqual(['order']);
    } else {
      const gone = once(child, 'exit');
      child.on('message', ({ began }: Told) => began === stopsAt && child.kill('SIGKILL'));
      expect(await gone).toEqual([null, 'SIGKILL']);
    }
    done.push(...begun(told));
  }
  expect(done).toEqual([...names(0, 3), ...names(3, 7), ...names(7, 9)]);
  const store = redisStore({ url: inject('redisUrl'), prefix });
  onTestFinished(() => store.close());
  const { runs } = await store.list();
  expect(runs).toMatchObject([{ id: 'order', index: { status: 'completed' }, lease: null }]);
});
