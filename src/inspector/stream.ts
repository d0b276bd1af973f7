/**
 * What is sent, and in which order.
 *
 * Rules:
 * - On every connection the definition and the snapshot of a run and of its neurons go before anything else of it, and
 *   those of all runs before anything else at all.
 * - Then the lines, in order, then the snapshots of what has changed: the newest only, once per turn of the event loop,
 *   and less often where reading them takes long.
 * - Memory is bounded: the oldest lines go first, and it is said how many; then runs that ended. Runs that go on are
 *   never forgotten; what is kept of them is their definition, and how they began until that is shown.
 */
import type { Clock, Timer } from '../clock/clock.js';
import { Backlog } from './backlog.js';
import type { Connection } from './connection.js';
import { IDLE, neuronSnapshot, type Standing } from './standing.js';
import { RUN } from './story.js';
import type { Told, WatchedRun } from './watched-run.js';
import type { Envelope, Wire } from './wire.js';

/** Runs that have ended are shown to who comes later: so many at most, of so many characters. */
const MOST_ENDED = 100;
const MOST_TEXT = 8_000_000;
/** More lines than these do not wait for the end of the turn. */
const MANY_LINES = 256;
/** Reading snapshots takes no more than this share of the time. */
const SHARE = 0.1;

export class Stream {
  readonly #clock: Clock;
  readonly #connection: Connection;
  #wire: Wire | null = null;
  /** In order of their beginning; those that ended too, until there are too many. */
  readonly #runs = new Map<string, WatchedRun>();
  readonly #ended = new Map<WatchedRun, number>();
  #endedSize = 0;
  readonly #changed = new Set<WatchedRun>();
  readonly #backlog = new Backlog();
  /** Who is still to be introduced on this connection. */
  #strangers: Iterator<WatchedRun, undefined> | null = null;
  #connections = 0;
  #timer: Timer | null = null;
  #notBefore = 0;

  constructor(clock: Clock, connection: Connection) {
    this.#clock = clock;
    this.#connection = connection;
  }

  /** There is a connection that knows nothing yet. */
  open(wire: Wire): void {
    this.#wire = wire;
    this.#connections++;
    this.#strangers = this.#runs.values();
    for (const run of this.#runs.values()) this.#changed.add(run);
    this.flush();
  }

  /** A run has begun, or goes on. */
  begin(run: WatchedRun): void {
    const before = this.#runs.get(run.id);
    if (before !== undefined) {
      this.#forget(before);
      run.follow(before);
    }
    if (run.connection === 0 && this.#connection.isHopeful) run.first = run.standing();
    this.#runs.set(run.id, run);
    this.change(run);
  }

  tell(run: WatchedRun, { lines, size }: Told): void {
    const at = run.clock.now();
    const each = lines.length === 0 ? 0 : size / lines.length;
    for (const line of lines) this.#backlog.push({ id: run.id, line, at, size: each });
    if (this.#backlog.length >= MANY_LINES) this.#pump();
    this.change(run);
  }

  end(run: WatchedRun): void {
    run.end();
    if (this.#runs.get(run.id) !== run) return; // another one has taken its name
    const { size } = run.last as Standing;
    this.#ended.set(run, size);
    this.#endedSize += size;
    this.#changed.add(run);
    this.#pump();
    if (this.#isFlowing) this.#showChange(run);
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= MOST_ENDED && this.#endedSize <= MOST_TEXT) break;
      this.#forget(oldest);
    }
  }

  #forget(run: WatchedRun): void {
    this.#endedSize -= this.#ended.get(run) ?? 0;
    this.#ended.delete(run);
    this.#changed.delete(run);
    this.#runs.delete(run.id);
  }

  /** It stands otherwise than is shown. */
  change(run: WatchedRun): void {
    if (this.#runs.get(run.id) !== run) return;
    this.#changed.add(run);
    if (this.#timer !== null || !this.#connection.isOpen) return;
    const delay = Math.max(0, this.#notBefore - this.#clock.monotonic());
    this.#timer = this.#clock.after(delay, () => this.flush(), { background: true });
  }

  /** Nothing is left that could be sent now. */
  get isEmpty(): boolean {
    return this.#strangers === null && this.#backlog.length === 0 && this.#changed.size === 0;
  }

  get #isFlowing(): boolean {
    return this.#connection.hasRoom && this.#strangers === null && this.#backlog.length === 0;
  }

  /** Sends what there is room for. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const start = this.#clock.monotonic();
    try {
      this.#pump();
      for (const run of this.#changed) {
        if (!this.#isFlowing) break;
        this.#showChange(run);
      }
    } catch {
      // what cannot be shown is left out; a timer of ours must not end the process
    }
    const end = this.#clock.monotonic();
    this.#notBefore = end + (end - start) / SHARE;
  }

  /** Introduces whom nobody knows, and sends lines. */
  #pump(): void {
    while (this.#strangers !== null && this.#connection.hasRoom) {
      const { done, value: run } = this.#strangers.next();
      if (done === true) this.#strangers = null;
      else this.#introduce(run);
    }
    while (this.#isRoomForLines) {
      const next = this.#backlog.shift();
      if (next === undefined) return;
      const { line, at } = next;
      const run = this.#runs.get(next.id);
      if (run === undefined) continue;
      this.#introduce(run);
      const wire = this.#wire as Wire;
      const envelope = { rootId: run.id, at };
      if (next.dropped > 0) {
        const event = { type: 'engram.dropped', lines: next.dropped };
        this.#connection.send(wire.event(undefined, run.sessionOf(RUN), event, envelope));
      }
      const source = line.from === null ? undefined : run.sessionOf(line.from);
      this.#connection.send(wire.event(source, run.sessionOf(line.to), line.event, envelope));
    }
  }

  get #isRoomForLines(): boolean {
    return this.#strangers === null && this.#connection.hasRoom;
  }

  #introduce(run: WatchedRun): void {
    if (run.connection === this.#connections) return;
    run.connection = this.#connections;
    const standing = run.first ?? run.standing();
    run.first = null;
    const wire = this.#wire as Wire;
    const envelope = envelopeOf(run);
    this.#connection.send(wire.actor(run.actor, standing.run, envelope));
    run.shownNeurons.clear();
    for (const neuron of run.neurons) {
      const snapshot = neuronSnapshot(standing.neurons.get(neuron.name) ?? IDLE, endOf(run, standing));
      this.#connection.send(wire.actor(neuron, snapshot, envelope));
      run.shownNeurons.set(neuron.name, JSON.stringify(snapshot));
    }
  }

  #showChange(run: WatchedRun): void {
    this.#introduce(run);
    this.#changed.delete(run);
    const wire = this.#wire as Wire;
    const standing = run.standing();
    const envelope = envelopeOf(run);
    for (const { name, sessionId } of run.neurons) {
      const snapshot = neuronSnapshot(standing.neurons.get(name) ?? IDLE, endOf(run, standing));
      const text = JSON.stringify(snapshot);
      if (run.shownNeurons.get(name) === text) continue;
      run.shownNeurons.set(name, text);
      this.#connection.send(wire.snapshot(sessionId, snapshot, run.cause, envelope));
    }
    this.#connection.send(wire.snapshot(run.id, standing.run, run.cause, envelope));
  }
}

const envelopeOf = (run: WatchedRun): Envelope => ({ rootId: run.id, at: run.clock.now() });

const endOf = (run: WatchedRun, standing: Standing) => (run.last === standing ? standing.run.status : undefined);
