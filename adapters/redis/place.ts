/** Where a store is, for messages: host and port, and never who with which password. */
import { InvalidArgumentError } from '../../src/errors/index.js';
import type { RedisClient } from './open-client.js';

/** @throws InvalidArgumentError for a URL that is none of a Redis server; it is not quoted, since it may hold a password */
export function placeOf(url: string | undefined, client: RedisClient | undefined): string {
  if (url !== undefined) return placeOfUrl(url);
  const { options } = (client ?? {}) as {
    readonly options?: { readonly url?: string; readonly socket?: { readonly host?: string; readonly port?: number } };
  };
  if (options?.url !== undefined) return placeOfUrl(options.url);
  const { host, port } = options?.socket ?? {};
  return host === undefined ? 'redis: (a client that was given)' : `redis://${host}:${port ?? 6379}`;
}

function placeOfUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const { protocol = '', hostname = '', port = '', pathname = '' } = parsed ?? {};
  if ((protocol !== 'redis:' && protocol !== 'rediss:') || hostname === '' || !/^\/?\d*$/.test(pathname)) {
    throw new InvalidArgumentError('this is no URL of a Redis server', {
      hint: 'write redis://host:port, or rediss://user:password@host:port/database with TLS; escape what is odd in the password with encodeURIComponent',
    });
  }
  return `${protocol}//${hostname}:${port === '' ? '6379' : port}${pathname === '/' ? '' : pathname}`;
}
