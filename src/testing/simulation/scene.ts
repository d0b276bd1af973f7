/** What everything in a world of one schedule shares: time, chance, the store, and the record of what happens. */
import type { Clock } from '../../clock/clock.js';
import type { Store } from '../../durability/store.js';
import type { CNSOptions } from '../../stimulation/options.js';
import type { AnyCNS } from '../process/twin.js';
import { Agenda, type Subject } from './agenda.js';
import type { Choices } from './choices.js';
import { type AllowedFaults, Faults } from './faults.js';
import { Journal, type JournalOptions } from './journal.js';
import type { OutsidePlan } from './plan.js';
import { Stillness } from './stillness.js';

const BEGIN = Date.UTC(2030, 0, 1);

/** How often something happens where it can, in a schedule that a seed decides: 0 to 1. */
export interface Rates {
  readonly slowCall: number;
  readonly failedCall: number;
  readonly slowHandler: number;
  readonly killedHandler: number;
  /** That a process is struck between two steps. */
  readonly strike: number;
  /** That of things that happen at the same moment the first is not the first. */
  readonly order: number;
}

/** What all schedules of a simulation share. */
export interface Setting {
  readonly cns: AnyCNS;
  readonly plan: OutsidePlan;
  readonly allowed: AllowedFaults;
  readonly journal: JournalOptions;
  readonly makeStore: (clock: Clock) => Store;
  readonly through: ((store: Store) => Store) | undefined;
  readonly makeGlobal: (() => unknown) | undefined;
  /** Of each process, beside those of the CNS. */
  readonly options: CNSOptions;
  /** How long a lease lasts, in milliseconds. */
  readonly lease: number;
  /** The longest that something takes now and then, in milliseconds. */
  readonly latency: number;
  readonly steps: number;
  readonly rates: Rates;
}

/** Who something happens to. */
export interface Named extends Subject {
  readonly name: string;
}

export class Scene {
  readonly setting: Setting;
  readonly agenda: Agenda;
  readonly store: Store;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly global: unknown;
  readonly stillness = new Stillness();
  /** The keys of owners whose process was killed. */
  readonly dead = new Set<string>();
  /** Everything that happens, where that is wanted. */
  readonly lines: string[] | null;
  /** What was not harmless, for a person; where everything is wanted. */
  readonly words: string[] = [];
  readonly #choices: Choices;
  #ids = 0;

  constructor(setting: Setting, choices: Choices, isTraced: boolean) {
    this.setting = setting;
    this.#choices = choices;
    this.lines = isTraced ? [] : null;
    this.agenda = new Agenda(BEGIN, {
      choose: (options) => choices.pick(options, setting.rates.order),
      patience: Math.ceil(setting.lease / 3) + 1, // one renewal, which looks for mail too
    });
    this.global = setting.makeGlobal?.();
    this.journal = new Journal(setting.journal);
    this.faults = new Faults(setting.allowed, choices, () => this.agenda.stir());
    this.store = setting.makeStore(this.clockOf(null));
  }

  /** How many decisions were made. */
  get decisions(): number {
    return this.#choices.made.length;
  }

  pick(options: number, chance?: number): number {
    return this.#choices.pick(options, chance);
  }

  /** One that reads the time of this world. @param subject whose timers they are */
  clockOf(subject: Subject | null): Clock {
    const { agenda } = this;
    return {
      now: () => agenda.now,
      monotonic: () => agenda.now - agenda.start,
      id: () => `id-${++this.#ids}`,
      random: () => 0.5, // what chance decides in a flow must be equal in every schedule
      after: (ms, callback, options) => agenda.add(ms, callback, subject, options?.background === true),
    };
  }

  /** @param subject null for what is on its way between two processes */
  sleep(what: () => string, who: Named, subject: Named | null): Promise<void> {
    const ms = [1, 20, 300, this.setting.latency][this.pick(4)] ?? 1;
    this.tell(who, () => `${what()} for ${ms} ms`);
    return this.agenda.sleep(ms, subject);
  }

  /** What goes on where no schedule reaches: real files, other libraries. It is waited for. */
  async outside<T>(answer: T | PromiseLike<T>): Promise<T> {
    this.stillness.opened();
    try {
      return await answer;
    } finally {
      this.stillness.closed();
    }
  }

  /** Something that was not harmless. */
  tell(who: Named | null, what: () => string): void {
    if (this.lines === null) return;
    const text = `${who === null ? '' : `${who.name}: `}${what()}`;
    this.words.push(text);
    this.lines.push(`${this.#time} * ${text}`);
  }

  trace(who: Named | null, what: () => string): void {
    if (this.lines === null) return;
    this.lines.push(`${this.#time}   ${who === null ? '' : `${who.name}: `}${what()}`);
  }

  get #time(): string {
    return `+${this.agenda.now - this.agenda.start}`.padStart(9);
  }
}
