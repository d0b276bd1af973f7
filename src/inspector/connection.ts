/**
 * The way to whoever listens: a WebSocket that comes back when it is lost.
 *
 * Rules: it keeps no process alive (what it holds is unreferenced; a connection that is being made holds one for
 * `HANDSHAKE` at most), tells once of each outage, and waits longer from try to try. Not its job: what is sent.
 */
import type { Clock } from '../clock/clock.js';
import { describeError } from '../errors/index.js';
import type { Peer, WebSocketClient } from './peer.js';

export interface ConnectionOptions {
  readonly url: string;
  readonly clock: Clock;
  /** Nobody listens, or nobody any more. */
  readonly warn: (message: string) => void;
  /** There is somebody, who knows nothing yet. */
  readonly onOpen: () => void;
  /** There is room again for what is to be sent. */
  readonly onRoom: () => void;
}

const HANDSHAKE = 3_000;
const FIRST_WAIT = 250;
const LONGEST_WAIT = 5_000;
/** How many bytes may wait in memory for the network. */
const MOST_BUFFERED = 4_000_000;

export class Connection {
  readonly #options: ConnectionOptions;
  #peer: Peer | null = null;
  #socket: WebSocketClient | null = null;
  #wasOpened = false;
  #hasFailed = false;
  #openedAt = 0;
  #wait = FIRST_WAIT;
  #hasWarned = false;
  #isClosed = false;
  #unsent = 0;
  #heard: (() => void)[] = [];

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    const socket = this.#socket;
    return socket !== null && socket.readyState === socket.OPEN;
  }

  /** Whether somebody listens, as far as is known. */
  get isHopeful(): boolean {
    return this.isOpen || !this.#hasFailed;
  }

  /** Whether it is open and takes more. */
  get hasRoom(): boolean {
    return this.isOpen && (this.#socket as WebSocketClient).bufferedAmount < MOST_BUFFERED;
  }

  /** Nothing of what was sent is in memory any more. */
  get isIdle(): boolean {
    return this.#unsent === 0;
  }

  connect(peer: Peer): void {
    this.#peer = peer;
    if (this.#isClosed) return;
    const { url, onOpen } = this.#options;
    const socket = (this.#socket = new peer.WebSocket(url, {
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE,
      finishRequest: (request) => {
        request.once('socket', (connecting) => {
          connecting.unref();
          // an address with several numbers is tried with several sockets
          connecting.once('connect', () => connecting.unref());
        });
        request.end();
      },
    }));
    let problem: unknown;
    socket.on('error', (error) => (problem = error));
    socket.on('open', () => {
      this.#wasOpened = true;
      this.#openedAt = this.#options.clock.monotonic();
      this.#hasWarned = false;
      this.#tell();
      onOpen();
    });
    socket.on('close', () => this.#lost(problem));
  }

  #lost(problem: unknown): void {
    const { clock, warn, url } = this.#options;
    const was = this.#wasOpened;
    this.#wasOpened = false;
    this.#hasFailed = true;
    this.#socket = null;
    this.#unsent = 0;
    this.#tell();
    if (this.#isClosed) return;
    // one that is refused as soon as it is accepted is no better than none
    if (was && clock.monotonic() - this.#openedAt >= LONGEST_WAIT) this.#wait = FIRST_WAIT;
    if (!this.#hasWarned) {
      const what = was ? 'the inspector has gone from' : 'no inspector listens at';
      warn(`${what} ${placeOf(url)}${reasonOf(problem)}: runs go on, and are shown when one is there`);
    }
    this.#hasWarned = true;
    const delay = this.#wait * (1 - clock.random() / 2);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
    clock.after(delay, () => this.#again(), { background: true });
  }

  #again(): void {
    if (this.#peer !== null) this.connect(this.#peer);
  }

  send(text: string): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#unsent++;
    socket.send(text, () => {
      if (socket !== this.#socket) return;
      this.#unsent--;
      if (this.#unsent === 0) {
        this.#tell();
        this.#options.onRoom();
      }
    });
  }

  /** Resolves when something has become of it: it is open, lost, or all that was sent has left. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#heard.push(resolve));
  }

  #tell(): void {
    for (const heard of this.#heard.splice(0)) heard();
  }

  /** No more tries. Resolves when the other side knows. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#socket?.close();
    while (this.#socket !== null) await this.changed();
  }

  /** Ends it at once. */
  terminate(): void {
    this.#isClosed = true;
    this.#socket?.terminate();
  }
}

/** Without what may be secret in it. @param url whole, and of a kind that has a host */
export function placeOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}

function reasonOf(problem: unknown): string {
  if (problem === undefined) return '';
  const { code } = problem as { code?: unknown };
  return ` (${typeof code === 'string' ? code : describeError(problem)})`;
}
