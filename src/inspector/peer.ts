/**
 * The only place that knows the package `@statelyai/inspect`. Its own WebSocket client is used, so that whoever installs
 * it needs nothing else: the global one of newer Nodes would keep the process alive.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type * as Inspect from '@statelyai/inspect';
import { describeError, InvalidArgumentError } from '../errors/index.js';

/** What is asked of a client of the package `ws`. */
export interface WebSocketClient {
  readonly bufferedAmount: number;
  readonly readyState: number;
  readonly OPEN: number;
  on(event: 'open' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  send(text: string, sent: (error?: Error) => void): void;
  close(): void;
  terminate(): void;
}

interface RequestSocket {
  unref(): unknown;
  once(event: 'connect', listener: () => void): unknown;
}

interface Request {
  once(event: 'socket', listener: (socket: RequestSocket) => void): unknown;
  end(): unknown;
}

type WebSocketConstructor = new (
  url: string,
  options: {
    readonly perMessageDeflate: false;
    readonly handshakeTimeout: number;
    readonly finishRequest: (request: Request) => void;
  },
) => WebSocketClient;

export interface Peer {
  readonly createInspector: typeof Inspect.createInspector;
  readonly WebSocket: WebSocketConstructor;
}

const NAME = '@statelyai/inspect';
const INSTALL = `npm install --save-dev ${NAME}`;

/** Where it is installed. @throws InvalidArgumentError when it is not */
export function findPeer(): string {
  try {
    return createRequire(import.meta.url).resolve(NAME);
  } catch (cause) {
    throw unusable(cause, INSTALL);
  }
}

/** @param path where it is installed. @throws InvalidArgumentError when it cannot be loaded */
export async function loadPeer(path: string): Promise<Peer> {
  try {
    // before all else: a CommonJS dependency that throws during an import() ends the process, caught or not (Node 20)
    const WebSocket = createRequire(path)('ws') as WebSocketConstructor;
    const { createInspector } = (await import(pathToFileURL(path).href)) as typeof Inspect;
    return { createInspector, WebSocket };
  } catch (cause) {
    throw unusable(cause, `it is there and not whole; install it anew: ${INSTALL}`);
  }
}

/** Below the first line of the cause stands who asked for it. */
const unusable = (cause: unknown, hint: string): InvalidArgumentError =>
  new InvalidArgumentError(`statelyInspector needs the package "${NAME}": ${describeError(cause).split('\n', 1)[0]}`, {
    cause,
    hint,
  });
