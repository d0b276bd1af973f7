/**
 * `inspect: statelyInspector()`: shows the runs of a CNS in Stately's inspector, over a WebSocket.
 *
 * Rule: a run knows nothing of it. Nothing is thrown out of here, what an event costs is bounded, and no process is kept
 * alive, save by `close`, for `GRACE` at most.
 */
import type { InspectionObserver } from '../../machines/logic.js';
import { type Clock, systemClock } from '../clock/clock.js';
import { describeError, EngramError, InvalidArgumentError } from '../errors/index.js';
import type { RunEvent } from '../propagation/events.js';
import type { Logger } from '../stimulation/options.js';
import { safeLogger } from '../stimulation/safe-logger.js';
import { Connection, placeOf } from './connection.js';
import { findPeer, loadPeer } from './peer.js';
import type { ShownContext } from './standing.js';
import { Stream } from './stream.js';
import {
  asRunActor,
  EVENT_LIMITS,
  loggerOf,
  type RunActor,
  type Sanitizers,
  type ShownEvent,
  UNHEARD_LIMITS,
  WatchedRun,
} from './watched-run.js';
import { Wire } from './wire.js';

export type { ShownContext, ShownEvent };

export interface StatelyInspectorOptions {
  /**
   * Where an inspector listens, `ws:` or `wss:`. `ws://localhost:8080` unless told, as `createInspectorServer()` does.
   * While nobody listens there, the last events are kept for who comes later, with the first 50 values of each payload.
   */
  readonly url?: string;
  /**
   * Asked of every event: what to show of it. Given a copy that is plain JSON, of bounded size, in which what the CNS
   * redacts is hidden already; nothing but the type is shown when it throws.
   */
  readonly sanitizeEvent?: (event: ShownEvent) => ShownEvent;
  /** The same of the context of every run. Payloads stand in it too: `frontier`, `failed`, `output`. */
  readonly sanitizeContext?: (context: ShownContext) => ShownContext;
  /** Told once when nobody listens. That of the CNS unless told. */
  readonly logger?: Logger;
  /**
   * What it waits by, between tries to connect and between snapshots; the system's unless told. When something has
   * happened is told by the clock of the CNS, and how long `close` takes by that of the system.
   */
  readonly clock?: Clock;
}

type InspectionEvent = Parameters<Extract<InspectionObserver, (event: never) => void>>[0];

/**
 * For the `inspect` of a CNS, or of several; also of an actor of `toLogic(cns)`. Other actors are not shown: plain
 * statecharts are what the package's own `createWebSocketInspector` is for.
 */
export interface StatelyInspector {
  next(event: InspectionEvent): void;
  /**
   * Sends what is still to be sent, and hangs up; for a program that ends with its runs. Resolves also when nobody
   * listens, after two seconds at most, and never rejects. What happens after it is not shown.
   */
  close(): Promise<void>;
}

const DEFAULT_URL = 'ws://localhost:8080';
const GRACE = 2_000;

/**
 * Each run is introduced with all its neurons, once on every connection: a message for each, about 10 ms for 300 neurons.
 * Child flows are shown as runs of their own.
 *
 * @throws InvalidArgumentError for a wrong url, or when the package `@statelyai/inspect` is not installed
 */
export function statelyInspector(options: StatelyInspectorOptions = {}): StatelyInspector {
  const { url = DEFAULT_URL } = options;
  checkUrl(url);
  return new Inspection(url, findPeer(), options);
}

class Inspection implements StatelyInspector {
  readonly #peerPath: string;
  readonly #sanitizers: Sanitizers;
  readonly #connection: Connection;
  /** Null when nothing is shown any more. */
  #stream: Stream | null;
  #runs = new WeakMap<object, WatchedRun>();
  #logger: Logger | null;
  #wire: Wire | null = null;
  /** Resolves when it is known whether there is somebody. */
  #tried: Promise<void> | null = null;
  #closing: Promise<void> | null = null;

  constructor(url: string, peerPath: string, options: StatelyInspectorOptions) {
    const { sanitizeEvent, sanitizeContext, logger, clock = systemClock } = options;
    this.#peerPath = peerPath;
    this.#logger = logger === undefined ? null : safeLogger(logger);
    this.#sanitizers = { sanitizeEvent, sanitizeContext };
    this.#connection = new Connection({
      url,
      clock,
      warn: (message) => this.#logger?.warn(message),
      onOpen: () => this.#stream?.open(this.#wire as Wire),
      onRoom: () => this.#stream?.flush(),
    });
    this.#stream = new Stream(clock, this.#connection);
  }

  next(event: InspectionEvent): void {
    const stream = this.#stream;
    if (stream === null || this.#closing !== null) return;
    try {
      if (event.type === '@xstate.event') this.#onEvent(stream, event.actorRef, event.event);
      else if (event.type === '@xstate.snapshot') this.#onSnapshot(stream, event.actorRef, event.event.type);
    } catch {
      // a run is worth more than its picture
    }
  }

  #onEvent(stream: Stream, actor: object, event: RunEvent): void {
    const run = this.#runs.get(actor) ?? this.#begin(stream, actor);
    if (run === undefined || run.last !== null) return;
    stream.tell(run, run.story(event, this.#connection.isHopeful ? EVENT_LIMITS : UNHEARD_LIMITS));
  }

  #onSnapshot(stream: Stream, actor: object, cause: string): void {
    const run = this.#runs.get(actor);
    if (run === undefined || run.last !== null) return;
    run.cause = cause;
    if ((actor as RunActor).getSnapshot().status === 'active') stream.change(run);
    else stream.end(run);
  }

  #begin(stream: Stream, actor: object): WatchedRun | undefined {
    const found = asRunActor(actor);
    if (found === undefined) return undefined;
    const run = new WatchedRun(found, this.#sanitizers);
    this.#runs.set(actor, run);
    stream.begin(run);
    this.#logger ??= safeLogger(loggerOf(found));
    this.#tried ??= this.#connect();
    return run;
  }

  async #connect(): Promise<void> {
    try {
      const peer = await loadPeer(this.#peerPath);
      this.#wire = new Wire(peer);
      this.#connection.connect(peer);
      await this.#connection.changed();
    } catch (error) {
      const hint = error instanceof EngramError ? `: ${error.hint}` : '';
      this.#logger?.error(`runs are not shown in an inspector: ${describeError(error)}${hint}`, error);
      this.#drop();
    }
  }

  /** Nothing is shown any more, nor kept to be shown. */
  #drop(): void {
    this.#stream = null;
    this.#runs = new WeakMap();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    let isOver = false;
    // not in the background: it holds the process until all is sent
    await new Promise<void>((resolve) => {
      const timer = systemClock.after(GRACE, resolve); // a clock that is advanced by hand may stand still
      const done = () => {
        timer.cancel();
        resolve();
      };
      void this.#leave(() => isOver).then(done, done);
    });
    isOver = true;
    this.#connection.terminate();
    this.#drop();
  }

  async #leave(isOver: () => boolean): Promise<void> {
    if (this.#tried === null) return;
    await this.#tried;
    while (this.#connection.isOpen && !isOver()) {
      this.#stream?.flush();
      if (this.#stream?.isEmpty !== false && this.#connection.isIdle) break;
      await this.#connection.changed();
    }
    await this.#connection.close();
  }
}

function checkUrl(url: unknown): void {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && ['ws:', 'wss:'].includes(parsed.protocol) && parsed.hash === '') return;
  throw new InvalidArgumentError(`statelyInspector: url is not the address of a WebSocket: ${wrong(url, parsed)}`, {
    hint: `give what an inspector listens on, like '${DEFAULT_URL}', or leave it out for that one`,
  });
}

/** What was given, without what may be secret in it. */
function wrong(url: unknown, parsed: URL | undefined): string {
  if (typeof url !== 'string') return typeof url === 'number' ? String(url) : `of type ${typeof url}`;
  if (parsed === undefined) return url === '' ? '""' : `a text of ${url.length} characters that is no URL`;
  // where there is no host, who knows what the rest is
  const place = parsed.host === '' ? `${parsed.protocol}…` : placeOf(url);
  return JSON.stringify(parsed.hash === '' ? place : `${place}#…`);
}
