/** Waits for what becomes of runs: the queue says when to look, and a look now and then finds what it has not said. */
import type { Clock, Timer } from '../clock/clock.js';
import type { QueueEvents } from './bullmq.js';

/** Milliseconds. */
const LOOK_AGAIN = 5000;

export class Ends {
  readonly #clock: Clock;
  readonly #open: () => Promise<QueueEvents>;
  /** By job: who is to look. */
  readonly #waiters = new Map<string, Set<() => void>>();
  #events: Promise<QueueEvents> | undefined;
  #isClosed = false;

  /** @param open makes the listener, when somebody waits for the first time */
  constructor(open: () => Promise<QueueEvents>, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
  }

  /** @param look undefined as long as it is to be waited @throws what `look` throws; what `closed` makes after `close` */
  async wait<T>(jobId: string, look: () => Promise<T | undefined>, closed: () => Error): Promise<T> {
    const events = (this.#events ??= this.#listen());
    events.catch(() => {
      if (this.#events === events) this.#events = undefined; // the next call tries again
    });
    await events;
    for (;;) {
      const news = this.#news(jobId);
      try {
        if (this.#isClosed) throw closed();
        const found = await look();
        if (found !== undefined) return found;
        await news.promise;
      } finally {
        news.forget();
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const waiters of [...this.#waiters.values()]) for (const tell of [...waiters]) tell();
    const events = await this.#events?.catch(() => undefined);
    await events?.close();
  }

  async #listen(): Promise<QueueEvents> {
    const events = await this.#open();
    const tell = ({ jobId }: { readonly jobId: string }): void => {
      for (const each of [...(this.#waiters.get(jobId) ?? [])]) each();
    };
    events.on('completed', tell);
    events.on('failed', tell);
    events.on('removed', tell);
    events.on('error', () => undefined); // a look now and then finds what was not told
    await events.waitUntilReady();
    return events;
  }

  #news(jobId: string): { readonly promise: Promise<void>; forget(): void } {
    let tell!: () => void;
    const promise = new Promise<void>((resolve) => (tell = resolve));
    const waiters = this.#waiters.get(jobId) ?? new Set();
    this.#waiters.set(jobId, waiters.add(tell));
    const timer: Timer = this.#clock.after(LOOK_AGAIN, tell);
    const forget = (): void => {
      timer.cancel();
      waiters.delete(tell);
      if (waiters.size === 0) this.#waiters.delete(jobId);
    };
    return { promise, forget };
  }
}
