/** What is noted of every call of a handler, and the handler that notes it. */
import type { Codec } from '../../durability/codec.js';
import { describeError } from '../../errors/index.js';
import type { Subscriber } from '../../graph/graph.js';
import { isThenable } from '../../graph/thenable.js';
import type { AnyResponse, NeuronContext } from '../../graph/types.js';
import { GIVEN } from '../../stimulation/seams.js';
import type { AnyCNS } from '../process/twin.js';
import { quiet } from '../clock/quiet.js';
import { keepsAlive, type Read, type Watched, watching } from './outside.js';
import { type Snapshot, snapshotOf } from './snapshots.js';
import type { Call } from './stored-view.js';

export interface Handled {
  readonly life: number;
  readonly neuron: string;
  /** `<collateral>#<k>`, or `undo`. */
  readonly dendrite: string;
  readonly activation: string;
  readonly attempt: number;
  /** Why it should not have been called just then. */
  readonly refusal: string | undefined;
  /** When it began and ended, counted in what began and ended in the run. */
  readonly from: number;
  to?: number;
  readonly payload: Snapshot;
  /** The neuron's context value as the call found it. */
  readonly found: Snapshot;
  /** Signals, expectations and context writes; missing while it has not ended. */
  answer?: Snapshot;
  /** What it threw; missing where it threw nothing. */
  error?: string;
  /** Whether it returned a promise. */
  isAsync: boolean;
  readonly reads: ReadonlySet<Read>;
  /** Whether it asked for its activation id. */
  asksForId: boolean;
  /** How many timers it left behind. */
  leaves: number;
  /** What it changed without saying so: its payload, or its context value. */
  changes?: 'its payload' | 'its context value';
  /** It waits for a child that it has started. */
  hasChild?: true;
  /** What it did when it had ended, as the end of a sentence; missing where it did nothing. */
  isLate?: string;
  /** What stood outside before and after it, where that was asked for. */
  effects?: readonly [before: Snapshot, after: Snapshot];
}

/** What a handler is put into. */
export interface Recording {
  readonly codec: Codec;
  readonly life: number;
  readonly record: (handled: Handled, watched: Watched) => void;
  readonly tick: () => number;
  readonly refusalOf: (call: Omit<Call, 'now'>) => string | undefined;
  /** What runs in this process for a flow that the handler starts as a child. */
  readonly childOf: (cns: AnyCNS) => AnyCNS;
  /** Whether no other handler is at work. */
  readonly isAlone: () => boolean;
  /** Kills the process. */
  readonly die: () => void;
  /** Called when it has been called, and when it has ended. */
  readonly began: () => void;
  readonly ended: (handled: Handled) => void;
  /** Reads what stands outside, before and after it. */
  readonly probe: (() => Promise<Snapshot>) | undefined;
}

type Ctx = NeuronContext<unknown, unknown>;

/** The handler, with every call of it noted. */
export function recorded(subscriber: Subscriber, response: AnyResponse, to: Recording): AnyResponse {
  return (payload, axon, context) => {
    const own = copyOf(to.codec, payload);
    const call = new RecordedCall(subscriber, own, context as Ctx, to);
    const respond = (): unknown => watching(call.watched, () => response(own, axon, call.context));
    return to.probe === undefined ? call.follow(respond) : call.followProbed(respond, to.probe);
  };
}

/** What one handler changes in place no other one sees, so that only one of them is to blame. */
function copyOf(codec: Codec, payload: unknown): unknown {
  const { text, refusal } = snapshotOf(codec, payload, 'payload');
  return refusal === undefined ? codec.decode(text, 'payload') : payload;
}

class RecordedCall {
  readonly watched: Watched;
  /** What the handler is given as its context. */
  readonly context: Ctx;
  readonly #subscriber: Subscriber;
  readonly #payload: unknown;
  readonly #to: Recording;
  readonly #stage: Stage;
  readonly #handled: Handled;

  constructor(subscriber: Subscriber, payload: unknown, ctx: Ctx, to: Recording) {
    const { codec, life, die } = to;
    const { name } = subscriber.neuron;
    const { activationId: activation, attempt } = ctx;
    this.watched = { reads: new Set(), timers: new Set(), life, die, hasDied: false };
    this.#subscriber = subscriber;
    this.#payload = payload;
    this.#to = to;
    this.#stage = { writes: [], value: ctx.get(), hasEnded: false, isUpdating: false };
    this.#handled = {
      life,
      neuron: name,
      dendrite: subscriber.key,
      activation,
      attempt,
      refusal: to.refusalOf({ subscriber, activation, attempt }),
      from: to.tick(),
      payload: snapshotOf(codec, payload, 'payload'),
      found: snapshotOf(codec, this.#stage.value, `context/${name}`),
      isAsync: false,
      reads: this.watched.reads,
      asksForId: false,
      leaves: 0,
    };
    this.context = seenContext(ctx, this.#stage, this.#handled, to.childOf);
    to.record(this.#handled, this.watched);
    to.began();
  }

  /** Calls the handler as the engine would: one that answers at once is answered for at once. */
  follow(respond: () => unknown): unknown {
    let answer: unknown;
    try {
      answer = respond();
    } catch (error) {
      this.#fail(error);
      throw error;
    }
    if (!isThenable(answer)) {
      this.#succeed(answer);
      return answer;
    }
    this.#handled.isAsync = true;
    return Promise.resolve(answer).then(
      (value) => {
        this.#succeed(value);
        return value;
      },
      (error: unknown) => {
        this.#fail(error);
        throw error;
      },
    );
  }

  /** The same with a look at what stands outside before and after it. */
  async followProbed(respond: () => unknown, probe: () => Promise<Snapshot>): Promise<unknown> {
    this.#handled.isAsync = true;
    const before = await probe();
    try {
      const answer = await respond();
      const after = await probe();
      await quiet();
      if (this.#to.isAlone() && (await probe()).text !== after.text) this.#handled.isLate = 'does something outside';
      this.#handled.effects = [before, after];
      this.#succeed(answer);
      return answer;
    } catch (error) {
      this.#handled.effects = [before, await probe()];
      this.#fail(error);
      throw error;
    }
  }

  #succeed(answer: unknown): void {
    this.#end(() => {
      this.#handled.answer = snapshotOf(this.#to.codec, answerOf(this.#subscriber, answer, this.#stage), 'answer');
    });
  }

  #fail(error: unknown): void {
    this.#end(() => {
      this.#handled.error = describeError(error);
    });
  }

  /** @param note what has become of it; of one that has killed its process nothing has */
  #end(note: () => void): void {
    const handled = this.#handled;
    this.#stage.hasEnded = true;
    if (!this.watched.hasDied) {
      handled.to = this.#to.tick();
      note();
      handled.leaves = [...this.watched.timers].filter(keepsAlive).length;
      const changes = this.#changes();
      if (changes !== undefined) handled.changes = changes;
    }
    this.#to.ended(handled);
  }

  #changes(): Handled['changes'] {
    const { payload, found, neuron } = this.#handled;
    const { codec } = this.#to;
    if (snapshotOf(codec, this.#payload, 'payload').text !== payload.text) return 'its payload';
    const { writes, value } = this.#stage;
    const hasChanged = writes.length === 0 && snapshotOf(codec, value, `context/${neuron}`).text !== found.text;
    return hasChanged ? 'its context value' : undefined;
  }
}

const isCNS = (cns: object): cns is AnyCNS => GIVEN in cns;
const USES_CONTEXT = 'uses its context';

type Change = (value: unknown) => unknown;
type Update = (change: Change) => unknown;

/** The engine asks for it when the handler has ended, as it should. */
function updated(stage: Stage, change: Change, now: unknown): unknown {
  stage.isUpdating = true;
  try {
    return change(now);
  } finally {
    stage.isUpdating = false;
  }
}

/** What a handler does to its context. */
interface Stage {
  readonly writes: unknown[];
  /** The committed value. */
  readonly value: unknown;
  hasEnded: boolean;
  /** What was given to `update` is being called. */
  isUpdating: boolean;
}

/** The handler's context, with what is asked of it noted. */
function seenContext(ctx: Ctx, stage: Stage, handled: Handled, childOf: Recording['childOf']): Ctx {
  return new Proxy(ctx, {
    get(target, key) {
      if (stage.hasEnded && !stage.isUpdating) handled.isLate = USES_CONTEXT;
      if (key === 'activationId') handled.asksForId = true;
      const value: unknown = Reflect.get(target, key, target);
      if (key === 'stimulate' && typeof value === 'function') {
        return (cns: object, ...args: unknown[]): unknown => {
          handled.hasChild = true;
          return (value as (...args: unknown[]) => unknown)(isCNS(cns) ? childOf(cns) : cns, ...args);
        };
      }
      if ((key !== 'set' && key !== 'update' && key !== 'delete') || typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (stage.hasEnded && !stage.isUpdating) handled.isLate = USES_CONTEXT;
        if (key === 'update') stage.writes.push(key);
        if (key === 'update') return (value as Update)((now) => updated(stage, args[0] as Change, now));
        stage.writes.push(key === 'set' ? { set: args[0] } : key);
        return (value as (...args: unknown[]) => unknown)(...args);
      };
    },
  });
}

interface Answered {
  readonly collateral?: { readonly name?: string | undefined };
  readonly payload?: unknown;
  readonly delay?: number;
  readonly within?: unknown;
  readonly otherwise?: Answered;
}

/** An answer as data. */
function answerOf({ neuron }: Subscriber, answer: unknown, { writes }: Stage): unknown {
  const list = answer === undefined || answer === null ? [] : Array.isArray(answer) ? (answer as unknown[]) : [answer];
  const dataOf = (one: unknown): unknown => {
    if (typeof one !== 'object' || one === null) return one;
    const { collateral, payload, delay, within, otherwise } = one as Answered;
    const name = neuron.channelOf(collateral)?.name ?? collateral?.name;
    const data: Record<string, unknown> = { collateral: name, payload };
    if (delay !== undefined) data['delay'] = delay;
    if (within !== undefined) data['within'] = within;
    if (otherwise !== undefined) data['otherwise'] = dataOf(otherwise);
    return data;
  };
  return { signals: list.map(dataOf), writes };
}
