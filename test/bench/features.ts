/** What each feature costs where it is used: the ten-hop chain again, with the feature on every neuron. */
import { CNS, collateral, neuron, type StimulateOptions } from 'engram';
import { chainOf, first, HOPS, syncHandler } from './flows.js';
import type { Contender } from './measure.js';

const signal = first.createSignal(1);

const runs = (cns: CNS, options?: StimulateOptions) => (times: number) => {
  for (let i = 0; i < times; i++) cns.stimulate(signal, options);
};

/** One neuron fed by two branches, and the same two branches without a join. */
function diamond(isJoined: boolean): CNS {
  const [left, right] = [collateral<number>('left'), collateral<number>('right')];
  const split = neuron('split', { left, right }).dendrite({
    collateral: first,
    response: (payload, axon) => [axon.left.createSignal(payload), axon.right.createSignal(payload)],
  });
  const meet = isJoined
    ? neuron('meet', {}).join({ left, right }, () => undefined)
    : neuron('meet', {}).dendrite({ collateral: [left, right], response: () => undefined });
  return new CNS([split, meet]);
}

/** One neuron that reaches `width` others at once. */
function fanOut(width: number): CNS {
  const out = collateral<number>('out');
  const source = neuron('source', { out }).dendrite({
    collateral: first,
    response: (payload, axon) => axon.out.createSignal(payload),
  });
  const sinks = Array.from({ length: width }, (_, i) =>
    neuron(`sink${i}`, {}).dendrite({ collateral: out, response: () => undefined }),
  );
  return new CNS([source, ...sinks]);
}

const times = 2_000;
const plain = chainOf(HOPS, syncHandler, (made) => made);

export const features: readonly Contender[] = [
  { name: 'plain', run: runs(plain), times },
  { name: 'setConcurrency', run: runs(chainOf(HOPS, syncHandler, (made) => made.setConcurrency(4))), times },
  { name: 'setMaxDuration', run: runs(chainOf(HOPS, syncHandler, (made) => made.setMaxDuration('1m'))), times },
  { name: 'retry', run: runs(chainOf(HOPS, syncHandler, (made) => made.retry({ attempts: 3 }))), times },
  { name: 'compensate', run: runs(chainOf(HOPS, syncHandler, (made) => made.compensate(() => undefined))), times },
  { name: 'onResponse', run: runs(plain, { onResponse: () => undefined }), times },
  { name: 'onDrain', run: runs(plain, { onDrain: () => undefined }), times },
  { name: 'maxNeuronHops', run: runs(plain, { maxNeuronHops: 5 }), times },
  { name: 'concurrency', run: runs(plain, { concurrency: 4 }), times },
  {
    name: 'autoCleanupContexts',
    run: runs(chainOf(HOPS, syncHandler, (made) => made, { autoCleanupContexts: true })),
    times,
  },
  { name: 'two branches', run: runs(diamond(false)), times },
  { name: 'two branches, joined', run: runs(diamond(true)), times },
  { name: 'fan-out of 100', run: runs(fanOut(100)), times: 400 },
  { name: 'fan-out of 1,000', run: runs(fanOut(1_000)), times: 40 },
];

/** A run of `hops` hops through one neuron. @returns the heap bytes that it has left behind */
export function heapOfLoop(hops: number): number {
  const again = collateral<number>('again');
  const cns = new CNS([
    neuron('loop', { again }).dendrite({
      collateral: again,
      response: (left, axon) => (left > 0 ? axon.again.createSignal(left - 1) : undefined),
    }),
  ]);
  const collect = globalThis.gc;
  collect?.();
  const before = process.memoryUsage().heapUsed;
  const run = cns.stimulate(again.createSignal(hops));
  collect?.();
  const after = process.memoryUsage().heapUsed;
  return run.status === 'completed' ? after - before : Number.NaN;
}
