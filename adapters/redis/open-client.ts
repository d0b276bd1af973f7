/**
 * The only place that knows the `redis` package. It is loaded when the first connection is made, so that nobody who
 * does not use this store needs it.
 */
import type * as Redis from 'redis';
import { describeError, InvalidArgumentError } from '../../src/errors/index.js';

/** What is asked of a client: every client of the `redis` package has it, those of clusters and sentinels too. */
export interface RedisClient {
  readonly isOpen: boolean;
  evalSha(sha: string, options: ScriptOptions): Promise<unknown>;
  eval(script: string, options: ScriptOptions): Promise<unknown>;
}

export interface ScriptOptions {
  keys: string[];
  arguments: string[];
}

/** A client that we made ourselves. */
export interface OwnClient extends RedisClient {
  readonly isReady: boolean;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'ready', listener: () => void): unknown;
  connect(): Promise<unknown>;
  destroy(): void;
  ref(): void;
  unref(): void;
}

/** @param delay what to do when the connection is lost: milliseconds until the next try, or false for none */
export async function openClient(
  url: string,
  delay: (retries: number, cause: Error) => number | false,
): Promise<OwnClient> {
  const { createClient } = await loadRedis('the Redis store needs');
  return createClient({
    url,
    // Its greeting is refused at once where a password is missing.
    RESP: 3,
    // What is not sent is held by the connection, which knows what may still be sent.
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    // The connection has its own, which is cheaper than one signal for each call.
    commandOptions: { timeout: 0 },
    socket: { reconnectStrategy: delay },
  });
}

/** @param who who needs it, for the message, with the verb */
export async function loadRedis(who: string): Promise<typeof Redis> {
  try {
    return await import('redis');
  } catch (cause) {
    throw new InvalidArgumentError(`${who} the package "redis": ${describeError(cause)}`, {
      cause,
      hint: 'npm install redis',
    });
  }
}
