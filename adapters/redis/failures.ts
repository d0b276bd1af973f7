/** What can go wrong between here and the server, and what a person can do about each. */
import { EngramError, StoreUnavailableError } from '../../src/errors/index.js';

/** First word of an answer, or code of a connection that failed, to what to do. */
const HINTS: Readonly<Record<string, string>> = {
  READONLY: 'this server is a replica and takes no writes: give the URL of the primary, or a Sentinel client',
  OOM: 'the server is out of memory: raise its maxmemory, or let go of finished runs (finishedTtl, delete); what was stored is intact',
  NOAUTH: 'the server wants a password: redis://:password@host, or redis://user:password@host',
  WRONGPASS: 'the server refuses this user and password: mend the URL, or the users of the server (ACL LIST)',
  NOPERM: 'this user may not do that: allow it +@all -@dangerous on the keys of the prefix (ACL SETUSER)',
  WRONGTYPE: 'something else keeps its data under this key: give the store a prefix of its own, e.g. prefix: "engram:"',
  MOVED: 'this server is part of a cluster: give the store a client made with createCluster',
  CROSSSLOT:
    'this server is part of a cluster: give the store a client made with createCluster, without a keyPrefix that holds braces',
  CLUSTERDOWN: 'the cluster does not serve all its slots: look at CLUSTER INFO, then try again',
  LOADING: 'the server is still reading its data from the disk: try again when it is done',
  BUSY: 'the server is busy with a script of somebody else: wait, or end that one with SCRIPT KILL',
  MASTERDOWN: 'this server has lost its primary: mend the replication, or give the URL of the primary',
  MISCONF: 'the server cannot write to its disk and takes no writes until it can: look at its log',
  NOREPLICAS: 'the server wants more replicas than it has: mend the replication (min-replicas-to-write)',
  ECONNREFUSED: 'nothing listens there: start the server, or mend host and port of the URL',
  ENOTFOUND: 'no such host: mend the URL',
  EAI_AGAIN: 'the name of the host cannot be looked up just now: mend the network, or try again',
  ETIMEDOUT: 'the host does not answer: mend the URL or the network',
};
const TRANSIENT = new Set(['LOADING', 'BUSY', 'TRYAGAIN', 'CLUSTERDOWN', 'MASTERDOWN']);
const REFUSALS = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM']);
/** An answer of the server begins with one of its words, in capitals; before 7 it wraps what happened in a script. */
const ANSWER = /^(?:ERR (?:Error running script .*)?@user_script: ?\d+: -)?([A-Z][A-Z0-9]+) /;

/** The server has answered, and the same call would be answered the same way. */
export function isFinal(error: unknown): boolean {
  return wordOf(error) !== undefined && !isTransient(error);
}

/** The server will do it in a while. */
export function isTransient(error: unknown): boolean {
  return TRANSIENT.has(wordOf(error) ?? '');
}

/** The server does not let this client in. */
export function isRefusal(error: unknown): boolean {
  return REFUSALS.has(wordOf(error) ?? '');
}

/** A key of this store holds what this store never puts there. */
export function isWrongType(error: unknown): boolean {
  return error instanceof EngramError && wordOf(error.cause) === 'WRONGTYPE';
}

/** A script stumbled over what it read: somebody else has written there. */
export function isStumble(error: unknown): boolean {
  if (!(error instanceof EngramError) || !(error.cause instanceof Error)) return false;
  return wordOf(error.cause) === 'ERR' && error.cause.message.includes('user_script');
}

/** @param what host, and key where one is known */
export function unavailable(what: string, cause: unknown): EngramError {
  if (cause instanceof EngramError) return cause;
  const hint = HINTS[wordOf(cause) ?? codeOf(cause) ?? ''] ?? closedHint(cause);
  return new StoreUnavailableError(what, cause, hint);
}

function closedHint(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || cause.constructor.name !== 'ClientClosedError') return undefined;
  return 'the client that was given is not connected: `await client.connect()` before the first call, and close it last';
}

/** The word that an answer of the server begins with; undefined for what is none. */
export function wordOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || codeOf(error) !== undefined) return undefined;
  // A long command from somebody who has not given a password is not even read.
  if (error.message.includes('unauthenticated multibulk')) return 'NOAUTH';
  return ANSWER.exec(error.message)?.[1];
}

function codeOf(error: unknown): string | undefined {
  const { code, errors } = error as { readonly code?: unknown; readonly errors?: readonly unknown[] };
  if (typeof code === 'string') return code;
  // A host with several addresses gives one error for each.
  return Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : undefined;
}
