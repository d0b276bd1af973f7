/** What the tests of response listeners share: a small flow, the three ways to run it, and how a response is written down. */
import { CNS, collateral, neuron, type CNSOptions, type ResponseInfo, type Stimulation } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { reasonOf } from '../support/forms.js';
import { quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

export const start = collateral<number>('start');
export const left = collateral<string>('left');
export const right = collateral<string>('right');
export const done = collateral<string>('done');

/** Three ways to run: without an actor; one event per hop; one turn per actor event. */
export const places: readonly (readonly [string, () => CNSOptions])[] = [
  ['in memory', () => ({})],
  ['inspected', () => ({ inspect: () => undefined })],
  ['with a store', () => ({ store: memoryStore() })],
];

/** `<neuron>[ -> <collateral>][ ! <error>] <pending>+<active>=<queueLength> @<hops>` */
export const line = (info: ResponseInfo): string => {
  const { neuron, outputSignal, error, pendingActivations: p, activeActivations: a, queueLength, hops } = info;
  const out = outputSignal === undefined ? '' : ` -> ${outputSignal.collateral.name}`;
  const failure = error === undefined ? '' : ` ! ${reasonOf(error)}`;
  return `${neuron}${out}${failure} ${p}+${a}=${queueLength} @${hops}`;
};

/** Answers when told to. */
export function gates(): {
  readonly open: (name: string) => Promise<void>;
  readonly wait: (name: string) => Promise<void>;
} {
  const opened = new Map<string, () => void>();
  const waits = new Map<string, Promise<void>>();
  const wait = (name: string): Promise<void> => {
    const known = waits.get(name);
    if (known !== undefined) return known;
    const promise = new Promise<void>((resolve) => opened.set(name, resolve));
    waits.set(name, promise);
    return promise;
  };
  return {
    wait,
    open: async (name) => {
      void wait(name);
      opened.get(name)?.();
      await quiet();
    },
  };
}

/** `start` goes to `fork`, which emits `left` and `right`; who listens to these says so in the trace. */
export function forked(trace: string[], options: CNSOptions = {}) {
  const fork = neuron('fork', { left, right }).dendrite({
    collateral: start,
    response: (n, axon) => {
      trace.push('fork');
      return [axon.left.createSignal(`l${n}`), axon.right.createSignal(`r${n}`)];
    },
  });
  const l1 = neuron('l1', { done }).dendrite({
    collateral: left,
    response: (_text, axon) => {
      trace.push('l1');
      return axon.done.createSignal('l1');
    },
  });
  const l2 = neuron('l2', {}).dendrite({ collateral: left, response: () => void trace.push('l2') });
  const r1 = neuron('r1', { done }).dendrite({
    collateral: right,
    response: (_text, axon) => {
      trace.push('r1');
      return axon.done.createSignal('r1');
    },
  });
  const end = neuron('end', {}).dendrite({ collateral: done, response: (who) => void trace.push(`end ${who}`) });
  return new CNS([fork, l1, l2, r1, end], { logger: recordingLogger(), ...options });
}

export const outstanding = (run: Stimulation): string[] => run.getOutstandingTasks().map((task) => task.neuron);
