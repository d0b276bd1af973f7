/** What is noted of every call of a handler, and the handler that notes it. */
import type { Codec } from '../../durability/codec.js';
import { describeError } from '../../errors/index.js';
import type { Subscriber } from '../../graph/graph.js';
import { isThenable } from '../../graph/thenable.js';
import type { AnyResponse, NeuronContext } from '../../graph/types.js';
import { keepsAlive, type Read, type Watched, watching } from './outside.js';
import { type Snapshot, snapshotOf } from './snapshots.js';

export interface Handled {
  readonly life: number;
  readonly neuron: string;
  /** `<collateral>#<k>`, or `undo`. */
  readonly dendrite: string;
  readonly activation: string;
  readonly attempt: number;
  /** Its settlement was stored when it was called. */
  readonly wasStored: boolean;
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
  /** Used its context after it had ended. */
  isLate: boolean;
  /** What stood outside before and after it, where that was asked for. */
  effects?: readonly [before: Snapshot, after: Snapshot];
}

/** What a handler is put into. */
export interface Recording {
  readonly codec: Codec;
  readonly life: number;
  readonly record: (handled: Handled) => void;
  readonly tick: () => number;
  readonly wasStored: (activation: string) => boolean;
  /** Kills the process. */
  readonly die: () => void;
  /** Called when it has been called, and when it has ended. */
  readonly began: () => void;
  readonly ended: (handled: Handled) => void;
  /** Reads what stands outside, before and after it. */
  readonly probe: (() => Promise<Snapshot>) | undefined;
}

type Ctx = NeuronContext<unknown, unknown>;

export function recorded(subscriber: Subscriber, response: AnyResponse, to: Recording): AnyResponse {
  const { codec, life } = to;
  const { name } = subscriber.neuron;
  return (payload, axon, context) => {
    const ctx = context as Ctx;
    const watched: Watched = { reads: new Set(), timers: new Set(), life, die: to.die, hasDied: false };
    const stage: Stage = { writes: [], value: ctx.get(), hasEnded: false };
    const handled: Handled = {
      life,
      neuron: name,
      dendrite: subscriber.key,
      activation: ctx.activationId,
      attempt: ctx.attempt,
      wasStored: to.wasStored(ctx.activationId),
      from: to.tick(),
      payload: snapshotOf(codec, payload, 'payload'),
      found: snapshotOf(codec, stage.value, `context/${name}`),
      isAsync: false,
      reads: watched.reads,
      asksForId: false,
      leaves: 0,
      isLate: false,
    };
    to.record(handled);
    to.began();
    const seen = seenContext(ctx, stage, handled);
    const end = (answer: unknown, error: unknown, hasFailed: boolean): void => {
      stage.hasEnded = true;
      if (watched.hasDied) {
        to.ended(handled);
        return;
      }
      handled.to = to.tick();
      if (hasFailed) handled.error = describeError(error);
      else handled.answer = snapshotOf(codec, answerOf(subscriber, answer, stage), 'answer');
      handled.leaves = [...watched.timers].filter(keepsAlive).length;
      if (snapshotOf(codec, payload, 'payload').text !== handled.payload.text) handled.changes = 'its payload';
      else if (
        stage.writes.length === 0 &&
        snapshotOf(codec, stage.value, `context/${name}`).text !== handled.found.text
      ) {
        handled.changes = 'its context value';
      }
      to.ended(handled);
    };
    const call = (): unknown => watching(watched, () => response(payload, axon, seen));
    const { probe } = to;
    if (probe !== undefined) {
      handled.isAsync = true;
      return probe().then(async (before) => {
        const done = async () => {
          handled.effects = [before, await probe()];
        };
        try {
          const answer = await call();
          await done();
          end(answer, undefined, false);
          return answer;
        } catch (error) {
          await done();
          end(undefined, error, true);
          throw error;
        }
      });
    }
    let answer: unknown;
    try {
      answer = call();
    } catch (error) {
      end(undefined, error, true);
      throw error;
    }
    if (!isThenable(answer)) {
      end(answer, undefined, false);
      return answer;
    }
    handled.isAsync = true;
    return Promise.resolve(answer).then(
      (value) => {
        end(value, undefined, false);
        return value;
      },
      (error: unknown) => {
        end(undefined, error, true);
        throw error;
      },
    );
  };
}

/** What a handler does to its context. */
interface Stage {
  readonly writes: unknown[];
  /** The committed value. */
  readonly value: unknown;
  hasEnded: boolean;
}

/** The handler's context, with what is asked of it noted. */
function seenContext(ctx: Ctx, stage: Stage, handled: Handled): Ctx {
  return new Proxy(ctx, {
    get(target, key) {
      if (stage.hasEnded) handled.isLate = true;
      if (key === 'activationId') handled.asksForId = true;
      const value: unknown = Reflect.get(target, key, target);
      if ((key !== 'set' && key !== 'update' && key !== 'delete') || typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (stage.hasEnded) handled.isLate = true;
        // what `update` makes of the committed value is compared where it shows: in the end
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
