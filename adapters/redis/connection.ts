/**
 * Sends scripts to the server and sees to it that each is answered once, or fails with a typed error.
 *
 * Rules:
 *  - what is sent in one turn leaves together; nothing waits for the answer to anything else;
 *  - while the connection is down, calls are held here and go out when it is back. A call whose answer was lost goes out
 *    again, marked as such: the scripts recognise what they have done already;
 *  - no call takes longer than its time; one that was not sent by then is never sent. A connection that owes an answer
 *    for a third of that time is given up for a new one;
 *  - a connection of our own keeps the process alive only while a call is on its way. One that breaks while nothing is
 *    on its way is made again by the next call.
 *
 * A client that was given is not ours: it is never connected, closed, or given up here.
 */
import type { Clock, Timer } from '../../src/clock/clock.js';
import { Crowd, type Placed } from '../../src/collections/crowd.js';
import type { EngramError } from '../../src/errors/index.js';
import { isFinal, isRefusal, isTransient, unavailable } from './failures.js';
import { openClient, type OwnClient, type RedisClient } from './open-client.js';
import type { Script } from './scripts.js';
import { type Outgoing, type Reply, Sender } from './sender.js';

class Call implements Outgoing, Placed {
  place = -1;
  /** In twelfths of the time it has. */
  age = 0;
  /** How old it was when it was sent; -1 while it is held. */
  sentAt = -1;

  /** @param hasFailed whether it fails is the connection's to say */
  constructor(
    readonly script: Script,
    public keys: readonly string[],
    public args: readonly string[],
    public wasSent: boolean,
    readonly resolve: (reply: Reply) => void,
    readonly reject: (error: unknown) => void,
    readonly isOver: (call: Call) => boolean,
    readonly hasFailed: (call: Call, error: unknown) => void,
  ) {}

  onReply(reply: Reply): void {
    if (!this.isOver(this)) return;
    this.keys = this.args = NONE; // whatever still knows the call does not keep its texts alive
    this.resolve(reply);
  }

  onError(error: unknown): void {
    this.hasFailed(this, error);
  }
}

const NONE: readonly string[] = [];

/** A call may last so many ticks, and be without an answer for so many. */
const TICKS = 12;
const SILENT_TICKS = 4;
const RETRY_DELAY = 50;

export interface ConnectionOptions {
  /** For messages; without a password. */
  readonly name: string;
  readonly url: string | undefined;
  readonly client: RedisClient | undefined;
  /** Milliseconds that a call may take. */
  readonly timeout: number;
  readonly clock: Clock;
}

export class Connection {
  readonly #options: ConnectionOptions;
  /** Of all calls that are not answered yet. */
  readonly #calls = new Crowd<Call>();
  readonly #held = new Set<Call>();
  readonly #isOver = (call: Call): boolean => this.#finish(call);
  readonly #hasFailed = (call: Call, error: unknown): void => this.#onFailure(call, error);
  #sender: Sender | undefined;
  #own: OwnClient | undefined;
  #opening: Promise<void> | undefined;
  #wasUp = false;
  #isClosed = false;
  /** For how many ticks a connection has been on its way. */
  #ticksToConnect = 0;
  #lastError: unknown = new Error('no connection yet');
  #tick: Timer | undefined;
  #retry: Timer | undefined;
  #onIdle: (() => void) | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    if (options.client !== undefined) this.#sender = new Sender(options.client, false);
  }

  /** @param wasSent it may have been done already */
  call(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    wasSent: boolean,
    resolve: (reply: Reply) => void,
    reject: (error: unknown) => void,
  ): void {
    const call = new Call(script, keys, args, wasSent, resolve, reject, this.#isOver, this.#hasFailed);
    if (this.#calls.size === 0) this.#wake();
    this.#calls.add(call);
    this.#submit(call);
  }

  /** Waits for what is on its way. */
  async close(): Promise<void> {
    if (this.#calls.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#abandon();
  }

  #submit(call: Call): void {
    const own = this.#options.client === undefined;
    if (own && this.#own?.isReady !== true) {
      this.#held.add(call);
      this.#open();
    } else if (this.#sender !== undefined) this.#send(this.#sender, call);
  }

  #send(sender: Sender, call: Call): void {
    call.sentAt = call.age;
    sender.send(call, this.#calls.size === 1);
  }

  #onFailure(call: Call, error: unknown): void {
    if (call.place < 0) return;
    const given = this.#options.client;
    if (isFinal(error) || (given !== undefined && !given.isOpen)) {
      if (this.#finish(call)) call.reject(this.#unavailable(error));
      return;
    }
    this.#lastError = error;
    call.sentAt = -1;
    call.wasSent = true;
    this.#held.add(call);
    if (given !== undefined || isTransient(error)) this.#retryLater();
    else if (this.#own?.isReady === true) this.#flush();
    else this.#open();
  }

  #retryLater(): void {
    this.#retry ??= this.#options.clock.after(RETRY_DELAY, () => {
      this.#retry = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const call of held) this.#submit(call);
  }

  #open(): void {
    const { url } = this.#options;
    if (this.#opening !== undefined || this.#own?.isOpen === true || url === undefined) return;
    this.#opening = this.#connect(url).finally(() => {
      this.#opening = undefined;
      if (this.#held.size > 0 && this.#own?.isOpen !== true) this.#open();
    });
  }

  async #connect(url: string): Promise<void> {
    let own = this.#own;
    try {
      own ??= await this.#make(url);
      if (!this.#isClosed) await own.connect();
      // It was given up while it came about.
      if (own !== this.#own) own.destroy();
    } catch (error) {
      if (own === this.#own) this.#giveUp(error);
    }
  }

  async #make(url: string): Promise<OwnClient> {
    const own = await openClient(url, (retries, cause) => this.#reconnectDelay(retries, cause));
    own.on('error', (error) => {
      this.#ticksToConnect = 0;
      this.#lastError = error;
    });
    own.on('ready', () => {
      this.#wasUp = true;
      this.#flush();
    });
    this.#own = own;
    this.#sender = new Sender(own, true);
    if (this.#calls.size > 0) own.ref();
    else own.unref();
    return own;
  }

  /** No connection will come: what is held fails with the reason. */
  #giveUp(error: unknown): void {
    const reason = this.#unavailable(error);
    for (const call of [...this.#held]) if (this.#finish(call)) call.reject(reason);
  }

  /** @returns false to stop trying, else milliseconds */
  #reconnectDelay(retries: number, cause: Error): number | false {
    this.#lastError = cause;
    if (this.#calls.size === 0 || !this.#wasUp || isRefusal(cause)) return false;
    return Math.min(RETRY_DELAY * 2 ** retries, 1000) * (0.75 + this.#options.clock.random() / 2);
  }

  #finish(call: Call): boolean {
    if (!this.#calls.delete(call)) return false;
    this.#held.delete(call);
    if (this.#calls.size === 0) this.#sleep();
    return true;
  }

  #wake(): void {
    this.#own?.ref();
    const { clock, timeout } = this.#options;
    this.#tick ??= clock.after(timeout / TICKS, () => this.#onTick(), { background: true });
  }

  #sleep(): void {
    this.#own?.unref();
    this.#onIdle?.();
  }

  #onTick(): void {
    this.#tick = undefined;
    if (this.#calls.size === 0) return;
    let isSilent = false;
    for (const call of this.#calls.list()) {
      call.age += 1;
      if (call.age > TICKS && this.#finish(call)) call.reject(this.#tooLate());
      else if (call.sentAt >= 0 && call.age - call.sentAt > SILENT_TICKS) isSilent = true;
    }
    this.#ticksToConnect = this.#own?.isReady === false ? this.#ticksToConnect + 1 : 0;
    if (isSilent || this.#ticksToConnect > SILENT_TICKS) this.#startOver();
    if (this.#calls.size > 0) this.#wake();
  }

  /** Gives a connection up that does not answer: what it owes goes out on the next one. */
  #startOver(): void {
    if (this.#own === undefined) return;
    this.#ticksToConnect = 0;
    this.#lastError = new Error('the server does not answer');
    this.#abandon();
    if (this.#held.size > 0) this.#open();
  }

  #abandon(): void {
    const own = this.#own;
    this.#own = undefined;
    if (own === undefined) return;
    this.#sender = undefined;
    own.destroy();
  }

  #tooLate(): EngramError {
    const { name, timeout } = this.#options;
    return unavailable(`${name} has not answered within ${timeout / 1000} s`, this.#lastError);
  }

  #unavailable(error: unknown): EngramError {
    return unavailable(this.#options.name, error);
  }
}
