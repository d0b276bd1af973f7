/** Stores by URL: `file:<directory>`, `redis://<host>:<port>` (with TLS `rediss://`) and `memory:`. */
import { fileURLToPath } from 'node:url';
import { fileStore } from '../../adapters/file.js';
import { memoryStore } from '../../adapters/memory.js';
import { redisStore } from '../../adapters/redis.js';
import type { Clock } from '../clock/clock.js';
import type { Store } from '../durability/store.js';
import { UsageError } from './cli-errors.js';

export const DEFAULT_STORE = 'file:.engram';
const KNOWN =
  'give a store as file:<directory>, e.g. --store file:.engram, as redis://<host>:<port>, or as memory: for a run that is not kept';

/** What `--store` says, else ENGRAM_STORE, else the folder `.engram` here. */
export function storeUrl(option: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  const { ENGRAM_STORE } = env;
  return option ?? (ENGRAM_STORE === undefined || ENGRAM_STORE === '' ? DEFAULT_STORE : ENGRAM_STORE);
}

/** @throws UsageError for a URL that names no store */
export function openStore(url: string, clock: Clock): Store {
  const [scheme = '', rest = ''] = splitUrl(url);
  switch (scheme) {
    case 'file':
      return fileStore({ dir: directoryOf(url, rest), clock });
    case 'redis':
    case 'rediss':
      return redisStore({ url, clock });
    case 'memory':
      if (rest !== '') throw new UsageError(`"${url}" is no store`, { hint: 'write memory: and nothing behind it' });
      return memoryStore({ clock });
    default:
      throw new UsageError(`"${url}" is no store`, { hint: KNOWN });
  }
}

/** A store whose runs are there when the command begins. @throws UsageError for `memory:` */
export function openStoredRuns(url: string, command: string, clock: Clock): Store {
  if (splitUrl(url)[0] === 'memory') {
    throw new UsageError(`engram ${command} finds nothing in memory:, which ends with each process`, {
      hint: 'name the store that the run was started with, e.g. --store file:.engram',
    });
  }
  return openStore(url, clock);
}

/** For messages and for command lines that are shown: without the password. */
export function shownUrl(url: string): string {
  return url.replace(/^(rediss?:\/\/[^:@/]*):.*@/s, '$1:***@');
}

function splitUrl(url: string): readonly string[] {
  return /^([a-z][a-z0-9+.-]+):(.*)$/s.exec(url)?.slice(1) ?? [];
}

function directoryOf(url: string, rest: string): string {
  if (rest === '' || rest.includes('\0')) throw new UsageError(`"${url}" names no directory`, { hint: KNOWN });
  if (!rest.startsWith('//')) return rest;
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new UsageError(`"${url}" is no file URL of this machine`, { cause, hint: KNOWN });
  }
}
