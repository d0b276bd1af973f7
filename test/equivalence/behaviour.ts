/**
 * What a handler does: a function of the seed, the dendrite, the payload and the neuron's context value, and of nothing
 * else. The sides that have handlers carry it out through the library; the oracle's harness carries it out by itself.
 */
import { InvalidArgumentError } from '../../src/errors/index.js';
import { pick } from './arbitrary-graph.js';

export interface Payload {
  /** How many hops may follow, about: shared out over those who are told, so that no run grows without bound. */
  readonly d: number;
  readonly k: number;
}

/** One call on `ctx`. */
export type ContextCall =
  | { readonly call: 'set'; readonly value: unknown }
  | { readonly call: 'delete' }
  | { readonly call: 'update'; readonly add: number }
  | { readonly call: 'update'; readonly add: 'throw' };

export interface EmittedSignal {
  readonly collateral: string;
  readonly payload: unknown;
  /** Milliseconds. */
  readonly delay?: number;
}

export interface Awaited {
  readonly expects: string;
  /** Milliseconds. */
  readonly within?: number;
  readonly otherwise?: EmittedSignal;
}

export type Emitted = EmittedSignal | Awaited;

export const isAwaited = (emitted: Emitted): emitted is Awaited => 'expects' in emitted;

export type AnswerPlan =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'one'; readonly emitted: Emitted }
  | { readonly kind: 'many'; readonly emitted: readonly Emitted[] }
  /** No signal, alone or as the last of some. */
  | { readonly kind: 'junk'; readonly before: readonly Emitted[]; readonly alone: boolean }
  | { readonly kind: 'throw'; readonly error: unknown };

/** `resolved`: a promise that is settled already. `parked` and `thenable`: settled when the program says so. */
export type When = 'sync' | 'resolved' | 'parked' | 'thenable';

export interface Behaviour {
  readonly calls: readonly ContextCall[];
  readonly when: When;
  /** Made when what was parked is let go. */
  readonly laterCalls: readonly ContextCall[];
  readonly answer: AnswerPlan;
  /** Whether it undoes: then it has nothing to answer. */
  readonly undoes: boolean;
}

/** Source: mulberry32, by T. Ettinger, public domain. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function seedOf(...parts: readonly unknown[]): number {
  const text = parts.map((part) => JSON.stringify(part) ?? 'undefined').join();
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return hash >>> 0;
}

export interface Dendrite {
  readonly neuron: string;
  /** Of a dendrite, a join's complete sets, or `undo`. */
  readonly key: string;
  readonly emits: readonly string[];
  readonly expects: readonly string[];
  /** How many dendrites listen to each collateral of the graph. */
  readonly listeners: Readonly<Record<string, number>>;
}

/** What an attempt is called with. */
export interface Call {
  readonly payload: unknown;
  /** The neuron's committed value. */
  readonly value: unknown;
  readonly attempt: number;
}

export function behave(seed: number, dendrite: Dendrite, { payload, value, attempt }: Call): Behaviour {
  const random = randomFrom(seedOf(seed, dendrite.neuron, dendrite.key, payload, value, attempt));
  const kind = random();
  const when: When = kind < 0.5 ? 'sync' : kind < 0.6 ? 'resolved' : kind < 0.92 ? 'parked' : 'thenable';
  return {
    calls: someCalls(random, 0.55),
    when,
    laterCalls: when === 'parked' || when === 'thenable' ? someCalls(random, 0.4) : [],
    answer: dendrite.key === 'undo' ? someEnd(random, dendrite) : someAnswer(random, dendrite, payload),
    undoes: dendrite.key === 'undo',
  };
}

/** Which set a payload belongs to, as the user's function says; it may throw, or give what is no key. */
export function keyOf(payload: unknown, slot: string): unknown {
  if (!isPayload(payload)) return '';
  if (payload.k === 3 && slot === 'm') throw new Error('no key');
  return payload.k === 3 && slot === 'r' ? Number.NaN : payload.k % 2 === 0 ? 'even' : '';
}

export const sizeOf = (payload: unknown): number => (isPayload(payload) ? 1 + (payload.d % 2) : 1);

function someCalls(random: () => number, likely: number): ContextCall[] {
  const calls: ContextCall[] = [];
  while (calls.length < 3 && random() < likely) {
    const kind = random();
    if (kind < 0.3) calls.push({ call: 'set', value: pick([0, 3, 'text', null, undefined], Math.floor(random() * 5)) });
    else if (kind < 0.4) calls.push({ call: 'delete' });
    else if (kind < 0.96) calls.push({ call: 'update', add: 1 + Math.floor(random() * 5) });
    else calls.push({ call: 'update', add: 'throw' });
  }
  return calls;
}

function someAnswer(random: () => number, dendrite: Dendrite, payload: unknown): AnswerPlan {
  const { emits, expects, listeners } = dendrite;
  const depth = depthOf(payload);
  const kind = random();
  if (kind < 0.08) return { kind: 'throw', error: someError(random) };
  const foreign: EmittedSignal = { collateral: FOREIGN, payload: 0 };
  if (kind < 0.1) return { kind: 'one', emitted: foreign };
  const wanted = depth > 0 && emits.length > 0 ? Math.floor(random() * 3.4) : 0;
  const chosen = Array.from({ length: wanted }, () => pick(emits, Math.floor(random() * emits.length)) as string);
  const waits = depth > 0 && expects.length > 0 ? Math.floor(random() * 2.5) : 0;
  const others = Array.from({ length: waits }, () => pick(emits, Math.floor(random() * emits.length)));
  const told = [...chosen, ...others].reduce((sum, collateral) => sum + (listeners[collateral ?? ''] ?? 0), 0);
  const d = Math.floor((depth - 1) / Math.max(1, told));
  const payloadOf = (): unknown => (d <= 0 && random() < 0.2 ? undefined : { d, k: Math.floor(random() * 4) });
  const emitted: Emitted[] = chosen.map((collateral) => {
    const signal = { collateral, payload: payloadOf() };
    return random() < 0.15 ? { ...signal, delay: someTime(random) } : signal;
  });
  for (const other of others) {
    const expected = random() < 0.04 ? (emits[0] ?? FOREIGN) : (pick(expects, Math.floor(random() * 2)) as string);
    const time = random() < 0.7 ? { within: someTime(random) } : {};
    const wrong = random() < 0.04 ? FOREIGN : other;
    const otherwise =
      wrong === undefined || random() < 0.5 ? {} : { otherwise: { collateral: wrong, payload: payloadOf() } };
    emitted.splice(Math.floor(random() * (emitted.length + 1)), 0, { expects: expected, ...time, ...otherwise });
  }
  if (kind < 0.12) return { kind: 'many', emitted: [...emitted, foreign] };
  if (kind < 0.14) return { kind: 'junk', before: emitted, alone: random() < 0.5 };
  const [only] = emitted;
  if (only !== undefined && emitted.length === 1 && random() < 0.6) return { kind: 'one', emitted: only };
  return emitted.length === 0 && random() < 0.7 ? { kind: 'nothing' } : { kind: 'many', emitted };
}

/** What a compensation answers: nothing, when it does as it should. */
function someEnd(random: () => number, { emits }: Dendrite): AnswerPlan {
  const kind = random();
  if (kind < 0.15) return { kind: 'throw', error: someError(random) };
  if (kind < 0.25 && emits[0] !== undefined) return { kind: 'one', emitted: { collateral: emits[0], payload: 0 } };
  return kind < 0.9 ? { kind: 'nothing' } : { kind: 'many', emitted: [] };
}

const someTime = (random: () => number): number => 10 * (1 + Math.floor(random() * 3));
const someError = (random: () => number): unknown => pick(ERRORS, Math.floor(random() * ERRORS.length))?.();

/** On no axon, of no graph. */
export const FOREIGN = 'foreign';

const ERRORS = [
  () => new Error('boom'),
  () => new TypeError('wrong'),
  () => 'a text',
  () => undefined,
  () => ({ at: 1 }),
  // one that is not worth another attempt
  () => new InvalidArgumentError('bad', { hint: 'none' }),
];

export const isPayload = (payload: unknown): payload is Payload =>
  typeof payload === 'object' && payload !== null && typeof (payload as Payload).d === 'number';

/** A join's payload goes as deep as the deepest of its parts. */
function depthOf(payload: unknown): number {
  if (isPayload(payload)) return payload.d;
  if (typeof payload !== 'object' || payload === null) return 0;
  return Math.max(0, ...Object.values(payload).map(depthOf));
}

/** What `update` is given. */
export const added = (value: unknown, add: number | 'throw'): unknown => {
  if (add === 'throw') throw new Error('the change threw');
  return (typeof value === 'number' ? value : 0) + add;
};

/** Whether reading the staged value would throw. */
export const throwsWhenRead = (calls: readonly ContextCall[]): boolean => {
  let throws = false;
  for (const made of calls) throws = made.call === 'update' ? throws || made.add === 'throw' : false;
  return throws;
};
