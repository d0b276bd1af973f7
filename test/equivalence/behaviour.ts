/**
 * What a handler does: a function of the seed, the dendrite, the payload and the neuron's context value, and of nothing
 * else. The sides that have handlers carry it out through the library; the oracle's harness carries it out by itself.
 */
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
}

export type AnswerPlan =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'one'; readonly signal: EmittedSignal }
  | { readonly kind: 'many'; readonly signals: readonly EmittedSignal[] }
  /** No signal, alone or as the last of some. */
  | { readonly kind: 'junk'; readonly before: readonly EmittedSignal[]; readonly alone: boolean }
  | { readonly kind: 'throw'; readonly error: unknown };

/** `resolved`: a promise that is settled already. `parked` and `thenable`: settled when the program says so. */
export type When = 'sync' | 'resolved' | 'parked' | 'thenable';

export interface Behaviour {
  readonly calls: readonly ContextCall[];
  readonly when: When;
  /** Made when what was parked is let go. */
  readonly laterCalls: readonly ContextCall[];
  readonly answer: AnswerPlan;
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
  readonly key: string;
  readonly emits: readonly string[];
  /** How many dendrites listen to each collateral of the graph. */
  readonly listeners: Readonly<Record<string, number>>;
}

export function behave(seed: number, dendrite: Dendrite, payload: unknown, value: unknown): Behaviour {
  const random = randomFrom(seedOf(seed, dendrite.neuron, dendrite.key, payload, value));
  const kind = random();
  const when: When = kind < 0.5 ? 'sync' : kind < 0.6 ? 'resolved' : kind < 0.92 ? 'parked' : 'thenable';
  return {
    calls: someCalls(random, 0.55),
    when,
    laterCalls: when === 'parked' || when === 'thenable' ? someCalls(random, 0.4) : [],
    answer: someAnswer(random, dendrite, payload),
  };
}

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

function someAnswer(random: () => number, { emits, listeners }: Dendrite, payload: unknown): AnswerPlan {
  const depth = isPayload(payload) ? payload.d : 0;
  const kind = random();
  if (kind < 0.05) return { kind: 'throw', error: pick(ERRORS, Math.floor(random() * ERRORS.length))?.() };
  const foreign: EmittedSignal = { collateral: FOREIGN, payload: 0 };
  if (kind < 0.07) return { kind: 'one', signal: foreign };
  const wanted = depth > 0 && emits.length > 0 ? Math.floor(random() * 3.4) : 0;
  const chosen = Array.from({ length: wanted }, () => pick(emits, Math.floor(random() * emits.length)) as string);
  const told = chosen.reduce((sum, collateral) => sum + (listeners[collateral] ?? 0), 0);
  const d = Math.floor((depth - 1) / Math.max(1, told));
  const signals = chosen.map((collateral): EmittedSignal => {
    const isBare = d <= 0 && random() < 0.2;
    return { collateral, payload: isBare ? undefined : { d, k: Math.floor(random() * 4) } };
  });
  if (kind < 0.09) return { kind: 'many', signals: [...signals, foreign] };
  if (kind < 0.11) return { kind: 'junk', before: signals, alone: random() < 0.5 };
  const [only] = signals;
  if (only !== undefined && signals.length === 1 && random() < 0.6) return { kind: 'one', signal: only };
  return signals.length === 0 && random() < 0.7 ? { kind: 'nothing' } : { kind: 'many', signals };
}

/** On no axon, of no graph. */
export const FOREIGN = 'foreign';

const ERRORS = [
  () => new Error('boom'),
  () => new TypeError('wrong'),
  () => 'a text',
  () => undefined,
  () => ({ at: 1 }),
];

export const isPayload = (payload: unknown): payload is Payload =>
  typeof payload === 'object' && payload !== null && typeof (payload as Payload).d === 'number';

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
