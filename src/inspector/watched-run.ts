/**
 * One run as the inspector knows it, under ids that other processes and later lives of the run share: the run's own, and
 * `<id>/<neuron>`. Not its job: when it is shown.
 */
import type { RegionConfig, StatechartConfig } from '../../machines/statechart-config.js';
import type { RunSnapshot } from '../../machines/snapshot.js';
import type { Clock } from '../clock/clock.js';
import type { RunEvent } from '../propagation/events.js';
import type { CNSOptions, Logger } from '../stimulation/options.js';
import type { Redact } from '../stimulation/redact.js';
import { GIVEN, type Given } from '../stimulation/seams.js';
import { type ShownContext, type Standing, standingOf } from './standing.js';
import { type Limits, shown, UserValue } from './shown.js';
import { type Line, type Party, RUN, storyOf } from './story.js';
import type { ShownActor } from './wire.js';

/** What is asked of an actor that runs a flow. */
export interface RunActor {
  readonly logic: { readonly config: StatechartConfig };
  getSnapshot(): RunSnapshot;
}

/** Undefined for any other actor. */
export function asRunActor(actor: object): RunActor | undefined {
  const { logic, getSnapshot } = actor as { logic?: { config?: unknown; adopt?: unknown }; getSnapshot?: unknown };
  if (typeof getSnapshot !== 'function' || typeof logic?.adopt !== 'function') return undefined;
  const run = actor as RunActor;
  const snapshot = run.getSnapshot() as { work?: unknown } | undefined;
  return snapshot?.work === undefined ? undefined : run;
}

export interface ShownEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

export interface Sanitizers {
  readonly sanitizeEvent: ((event: ShownEvent) => ShownEvent) | undefined;
  readonly sanitizeContext: ((context: ShownContext) => ShownContext) | undefined;
}

export interface Told {
  readonly lines: readonly Line[];
  /** About how many characters they have. */
  readonly size: number;
}

/** What is shown of the payload of an event. */
export const EVENT_LIMITS: Limits = { values: 1_000, text: 32_000 };
/** And what is kept of it while nobody listens, in case that somebody comes. */
export const UNHEARD_LIMITS: Limits = { values: 50, text: 2_000 };
const NOT_SHOWN = '[not shown: what was to sanitize it has failed]';

export class WatchedRun {
  readonly id: string;
  readonly clock: Clock;
  #actor: RunActor | null;
  readonly #config: StatechartConfig;
  readonly #redact: Redact | undefined;
  readonly #sanitizers: Sanitizers;
  #neurons: readonly ShownActor[] | null = null;
  /** How it stood when it began, until that is shown. */
  first: Standing | null = null;
  /** How it stood at its end; what goes on is read when it is shown. */
  last: Standing | null = null;
  /** What is shown of its neurons, by name, as text. */
  readonly shownNeurons = new Map<string, string>();
  /** On which connection it was shown last. */
  connection = 0;
  /** The type of the event that came last. */
  cause = 'xstate.init';

  constructor(actor: RunActor, sanitizers: Sanitizers) {
    const { flow, id } = actor.getSnapshot().work;
    this.id = id;
    this.clock = flow.clock;
    this.#actor = actor;
    this.#config = actor.logic.config;
    this.#redact = optionsOf(actor).redact;
    this.#sanitizers = sanitizers;
  }

  /** It is another life of this one: what is shown of that is shown of it. */
  follow(before: WatchedRun): void {
    this.connection = before.connection;
    for (const [name, text] of before.shownNeurons) this.shownNeurons.set(name, text);
  }

  get actor(): ShownActor {
    return { sessionId: this.id, name: `${this.#config.id} ${this.id}`, config: this.#config, parent: null };
  }

  get neurons(): readonly ShownActor[] {
    return (this.#neurons ??= definitionsOf(this.#config).map(({ name, config }) => ({
      sessionId: this.sessionOf(name),
      name,
      config,
      parent: this.id,
    })));
  }

  sessionOf(party: Party): string {
    return party === RUN ? this.id : `${this.id}/${party}`;
  }

  standing(): Standing {
    const { sanitizeContext } = this.#sanitizers;
    const sanitize =
      sanitizeContext === undefined
        ? undefined
        : (context: ShownContext) => safely(() => sanitizeContext(context)) ?? { context: NOT_SHOWN };
    return this.last ?? standingOf((this.#actor as RunActor).getSnapshot(), this.#redact, sanitize);
  }

  /** Shows its end from now on. */
  end(): void {
    this.last = this.standing();
    this.#actor = null;
  }

  /** What an event that is about to be applied says. */
  story(event: RunEvent, limits: Limits): Told {
    let size = 0;
    const redact = this.#redact;
    const show = (value: unknown, ...path: readonly string[]): unknown => {
      const copy = shown(new UserValue(value, path), redact, limits);
      size += copy.size;
      return copy.json;
    };
    const { work } = (this.#actor as RunActor).getSnapshot();
    const lines = storyOf(work, event, show).map((line) => ({ ...line, event: this.#sanitized(line.event) }));
    return { lines, size: size + 64 * lines.length };
  }

  #sanitized(event: ShownEvent): ShownEvent {
    const { sanitizeEvent } = this.#sanitizers;
    if (sanitizeEvent === undefined) return event;
    const given = safely(() => sanitizeEvent(structuredClone(event)));
    const { json } = shown(given, undefined, EVENT_LIMITS);
    const isEvent = typeof (json as { type?: unknown } | undefined)?.type === 'string';
    return isEvent ? (json as ShownEvent) : { type: event.type, event: NOT_SHOWN };
  }
}

/** What the CNS was made with; nothing where there is none. */
function optionsOf(actor: RunActor): CNSOptions {
  const { cns } = actor.getSnapshot().work.flow;
  return (cns as { readonly [GIVEN]?: Given } | undefined)?.[GIVEN]?.options ?? {};
}

export const loggerOf = (actor: RunActor): Logger => optionsOf(actor).logger ?? console;

interface NeuronDefinition {
  readonly name: string;
  readonly config: { readonly id: string } & RegionConfig;
}

/** The regions of each statechart, as statecharts of their own. */
const definitions = new WeakMap<StatechartConfig, readonly NeuronDefinition[]>();

function definitionsOf(config: StatechartConfig): readonly NeuronDefinition[] {
  let made = definitions.get(config);
  if (made === undefined) {
    const regions = Object.entries(config.states.running.states);
    made = regions.map(([name, region]) => ({ name, config: { id: name, ...region } }));
    definitions.set(config, made);
  }
  return made;
}

function safely<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}
