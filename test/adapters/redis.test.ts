import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, inject, it } from 'vitest';
import { storeConformance, type WriterNote } from '../../adapters/conformance.js';
import { redisStore } from '../../adapters/redis.js';
import { freshPrefix, removeKeys } from './support/redis.js';

const WRITER = fileURLToPath(new URL('./support/redis-writer.ts', import.meta.url));

storeConformance({
  name: 'redisStore',
  runner: { describe, it },
  capabilities: redisStore({ url: 'redis://localhost' }).capabilities,
  hooks: ['kill'],
  fresh: (clock) => {
    const url = inject('redisUrl');
    const prefix = freshPrefix();
    const open = () => redisStore({ url, prefix, clock });
    return {
      store: open(),
      again: open,
      kill: (heard) => writeUntil(url, prefix, heard),
      dispose: () => removeKeys(url, prefix),
    };
  },
});

async function writeUntil(url: string, prefix: string, heard: (note: WriterNote) => boolean): Promise<void> {
  const child = fork(WRITER, [url, prefix], { execArgv: ['--import', 'tsx'] });
  const gone = once(child, 'exit');
  child.on('message', (note: WriterNote) => {
    if (heard(note)) child.kill('SIGKILL');
  });
  await gone;
}
