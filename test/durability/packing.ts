/**
 * A line of five, two of them milestones, each of which takes a while; and a store that tells what was stored when.
 *
 *     order -> pack -> weigh (milestone) -> label -> send (milestone) -> bill
 */
import { CNS, type CNSOptions, collateral, neuron, type Store } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { openEnvelope } from '../../src/durability/envelope.js';
import type { CreateRequest, SaveRequest } from '../../src/durability/store.js';
import { quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { withOverrides } from '../support/stores.js';

export const order = collateral<string>('order');
export const billed = collateral<string>('billed');
export const STEPS = ['pack', 'weigh', 'label', 'send', 'bill'] as const;
export type Step = (typeof STEPS)[number];

export interface Packing {
  readonly cns: CNS;
  /** What was done, in order. */
  readonly done: string[];
  /** The same by activation. */
  readonly effects: Map<string, string>;
}

/** @param during awaited in the middle of a step; unless told, everything that is on its way arrives meanwhile */
export function packing(
  options: CNSOptions,
  during: (step: Step, payload: string) => Promise<unknown> | undefined = () => quiet(),
  milestones: readonly Step[] = ['weigh', 'send'],
): Packing {
  const done: string[] = [];
  const effects = new Map<string, string>();
  const between = STEPS.slice(1).map((step) => collateral<string>(`to-${step}`));
  const neurons = STEPS.map((step, i) => {
    const out = between[i] ?? billed;
    const made = neuron(step, { out }).dendrite({
      collateral: between[i - 1] ?? order,
      response: async (payload, axon, { activationId }) => {
        await during(step, payload);
        done.push(`${step} ${payload}`);
        effects.set(activationId, step);
        return axon.out.createSignal(payload);
      },
    });
    return milestones.includes(step) ? made.milestone() : made;
  });
  return { cns: new CNS(neurons, { logger: recordingLogger(), ...options }), done, effects };
}

/** A checkpoint as it was stored: `seq`, then the milestone, if any, then how the run stood. */
export interface Recorded {
  readonly store: Store;
  readonly checkpoints: string[];
  readonly requests: (CreateRequest | SaveRequest)[];
}

export function recorded(inner: Store = memoryStore()): Recorded {
  const checkpoints: string[] = [];
  const requests: (CreateRequest | SaveRequest)[] = [];
  const keep = (request: CreateRequest | SaveRequest): void => {
    const { seq, milestone, status } = openEnvelope(request.head, 'test');
    checkpoints.push([seq, milestone, status].filter((part) => part !== null).join(' '));
    requests.push(request);
  };
  const store = withOverrides(inner, {
    create: async (request) => {
      const lease = await inner.create(request);
      if (lease !== undefined) keep(request);
      return lease;
    },
    save: async (request) => {
      await inner.save(request);
      keep(request);
    },
  });
  return { store, checkpoints, requests };
}
