/**
 * A process of a simulated world: a twin of the flow on a store and a clock that it shares with others, which can be
 * killed. From then on no timer of it fires and no call of it to the store is made or answered, as if it had been killed
 * with SIGKILL between two instructions of its own; what its handlers still do outside reaches nobody any more.
 */
import type { Clock } from '../../clock/clock.js';
import type { Claim, Owner, Store } from '../../durability/store.js';
import type { AnyResponse } from '../../graph/types.js';
import type { CNS } from '../../stimulation/cns.js';
import type { CNSOptions, Logger } from '../../stimulation/options.js';
import { type AnyCNS, type Around, twinOf } from './twin.js';
import { type Watch, watchedStore } from './watched-store.js';

/** What the processes of a world share. */
export interface Surroundings {
  readonly clock: Clock;
  /** Undefined for one whose runs live in memory only. */
  readonly store: Store | undefined;
  /** The keys of owners whose process was killed. */
  readonly dead: Set<string>;
}

export interface ProcessOptions {
  readonly around?: Around;
  /** Asked of every call to the store, while the process lives. */
  readonly watch?: Watch;
  readonly logger?: Logger;
  /** Beside clock, store and logger. */
  readonly options?: CNSOptions;
  /** What `watch` has on its way when the process is killed may be done all the same; nobody is there for the answer. */
  readonly outlived?: boolean;
}

const SILENT: Logger = { warn: () => undefined, error: () => undefined };
/** A promise of its own each time: whoever waits for it is forgotten with it. */
const never = (): Promise<never> => new Promise<never>(() => undefined);

export class SimulatedProcess {
  readonly cns: CNS;
  #isDead = false;
  #owner: Owner | undefined;
  readonly #dead: Set<string>;

  constructor(cns: AnyCNS, { clock, store, dead }: Surroundings, given: ProcessOptions = {}) {
    const { around = plainly, logger = SILENT, options, outlived = false } = given;
    const watch: Watch = given.watch ?? ((_call, perform) => perform());
    this.#dead = dead;
    const mortal: Watch = async (call, perform) => {
      if (this.#isDead) return never();
      try {
        const answer = await watch(call, () => (this.#isDead && !outlived ? never() : perform()));
        return this.#isDead ? await never() : answer;
      } catch (error) {
        if (this.#isDead) return never();
        throw error;
      }
    };
    this.cns = twinOf(
      cns,
      {
        ...options,
        clock: this.#clockOver(clock),
        ...(store === undefined ? {} : { store: watchedStore(store, mortal, (claim) => this.#claim(claim)) }),
        logger: {
          warn: (...what) => this.#tell(logger, 'warn', what),
          error: (...what) => this.#tell(logger, 'error', what),
        },
      },
      (subscriber, response) => this.#untilDeath(around(subscriber, response)),
    );
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  kill(): void {
    this.#isDead = true;
    if (this.#owner !== undefined) this.#dead.add(this.#owner.key);
  }

  /** Who holds its runs, and whom it may take them from. */
  #claim(claim: Claim): Claim {
    this.#owner = claim.owner;
    return { ...claim, isDead: ({ key }) => this.#dead.has(key) };
  }

  #clockOver(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      id: () => clock.id(),
      random: () => clock.random(),
      after: (ms, callback, options) => {
        if (this.#isDead) return { cancel: () => undefined };
        return clock.after(
          ms,
          () => {
            if (!this.#isDead) callback();
          },
          options,
        );
      },
    };
  }

  /** A handler that is called after the death is not called. */
  #untilDeath(response: AnyResponse): AnyResponse {
    return (payload, axon, ctx) => (this.#isDead ? never() : response(payload, axon, ctx));
  }

  #tell(logger: Logger, how: keyof Logger, [message, error]: readonly [string, unknown?]): void {
    if (this.#isDead) return;
    logger[how](message, error);
  }
}

const plainly: Around = (_subscriber, response) => response;
