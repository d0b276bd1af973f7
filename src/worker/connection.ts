/**
 * The connection of a queue. BullMQ is used to a client that sends a command once more when its answer was lost with the
 * connection; the client of the package `redis` rejects it, and BullMQ would take that for a failed job.
 */
import type { RedisClient } from '../../adapters/redis/open-client.js';
import { loadRedis } from '../../adapters/redis/open-client.js';
import { isTransient, unavailable, wordOf } from '../../adapters/redis/failures.js';
import { placeOf } from '../../adapters/redis/place.js';
import { systemClock } from '../clock/clock.js';
import { InvalidArgumentError } from '../errors/index.js';
import type { ConnectionOptions } from './bullmq.js';

/** Where the queue is: a URL, or a connected client of the package `redis`, which stays yours to close. */
export type QueueConnection =
  { readonly url: string; readonly client?: undefined } | { readonly client: RedisClient; readonly url?: undefined };

export interface OpenConnection {
  /** For messages; without a password. */
  readonly name: string;
  readonly forBullMQ: ConnectionOptions;
  /** Waits for the answers that are on their way. */
  close(): Promise<void>;
  /** Drops what is left of it, and of the connections that BullMQ has made from it. */
  destroy(): void;
}

/** What is asked of a client here. */
interface RawClient {
  readonly isOpen: boolean;
  on(event: string, listener: (error: Error) => void): unknown;
  connect(): Promise<unknown>;
  close(): Promise<unknown>;
  destroy(): void;
}

const RETRY_DELAY = 50;
const LONGEST_DELAY = 1000;

/** @throws InvalidArgumentError */
export function checkConnection(call: string, given: unknown): void {
  const { url, client } = (given ?? {}) as { readonly url?: unknown; readonly client?: Partial<RedisClient> };
  const isUrl = typeof url === 'string' && url !== '' && client === undefined;
  if (isUrl || (typeof client?.evalSha === 'function' && url === undefined)) return;
  throw new InvalidArgumentError(`${call}: connection has neither a url nor a client of the package redis`, {
    hint: `${call}({ connection: { url: 'redis://localhost:6379' }, … })`,
  });
}

/** @throws InvalidArgumentError without the package `redis`; StoreUnavailableError when nothing answers there */
export async function openConnection({ url, client }: QueueConnection): Promise<OpenConnection> {
  const name = placeOf(url, client);
  const made: RawClient[] = [];
  const destroy = (): void => {
    for (const each of made) if (each.isOpen) each.destroy();
  };
  if (client !== undefined) {
    return { name, forBullMQ: steady(client, made) as ConnectionOptions, close: () => Promise.resolve(), destroy };
  }
  const { createClient } = await loadRedis('workers and their clients need');
  let wasUp = false;
  const reconnectStrategy = (retries: number): number | false =>
    wasUp && Math.min(RETRY_DELAY * 2 ** retries, LONGEST_DELAY);
  const own = createClient({
    url,
    maintNotifications: 'disabled',
    // one signal for each command costs as much as the command; jobs that wait too long are given to others
    commandOptions: { timeout: 0 },
    socket: { reconnectStrategy },
  }) as unknown as RawClient;
  own.on('error', () => undefined); // BullMQ tells of it
  try {
    await own.connect();
  } catch (cause) {
    throw unavailable(name, cause);
  }
  wasUp = true;
  made.push(own);
  const close = async (): Promise<void> => {
    if (own.isOpen) await own.close();
  };
  return { name, forBullMQ: steady(own, made) as ConnectionOptions, close, destroy };
}

/**
 * The same client; a command whose answer was lost with the connection is sent again when that is back.
 * @param made is given the clients that are made from it
 */
function steady<T extends object>(client: T, made: RawClient[]): T {
  const duplicate = (method: (...args: unknown[]) => unknown, args: unknown[]): object => {
    const other = method(...args) as RawClient;
    made.push(other);
    return steady(other, made);
  };
  const wrapped = new Map<PropertyKey, unknown>();
  return new Proxy(client, {
    get(target, key) {
      const known = wrapped.get(key);
      if (known !== undefined) return known;
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...args: unknown[]) => unknown;
      const better = key === 'duplicate' ? (...args: unknown[]) => duplicate(method, args) : again(target, method);
      wrapped.set(key, better);
      return better;
    },
  });
}

function again(client: object, method: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
  return function call(...args: unknown[]): unknown {
    const answer = method(...args);
    if (!(answer instanceof Promise)) return answer;
    return answer.catch((error: unknown) => {
      if ((client as Partial<RawClient>).isOpen !== true) throw error;
      if (isLoss(error)) return call(...args);
      // it is back, and reads its data
      if (isTransient(error)) return pause().then(() => call(...args));
      throw error;
    });
  };
}

const pause = (): Promise<void> => new Promise((resolve) => systemClock.after(RETRY_DELAY, resolve));

/** The connection was lost before the answer was there. */
const isLoss = (error: unknown): boolean =>
  error instanceof Error &&
  wordOf(error) === undefined &&
  (error.message === 'Socket closed unexpectedly' || LOST.has((error as NodeJS.ErrnoException).code ?? ''));

const LOST = new Set(['ECONNRESET', 'EPIPE', 'ECONNREFUSED', 'ETIMEDOUT']);
