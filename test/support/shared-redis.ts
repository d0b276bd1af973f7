/** The Redis server that a whole test run shares. */
import type { TestProject } from 'vitest/node';
import { startRedis } from './redis-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The server that all tests share: every test takes a prefix of its own. */
    redisUrl: string;
  }
}

/** For the whole test run: REDIS_URL, else a server of its own, which keeps nothing. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['REDIS_URL'];
  if (given !== undefined && given !== '') {
    project.provide('redisUrl', given);
    return async () => undefined;
  }
  const server = await startRedis();
  project.provide('redisUrl', server.url);
  return () => server.stop();
}
