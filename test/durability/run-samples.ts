/** Runs that between them hold every kind of part that is stored, at every moment of their lives. */
import { CNS, collateral, expect as expectSignal, neuron, type Store, withCtx } from 'engram';
import { caught } from '../support/caught.js';
import { recordingLogger } from '../support/recording-logger.js';
import { BROKEN, ENTRY, label, order, parcels } from './parcels.js';

const asked = collateral<string>('asked');
const answer = collateral<number>('answer');
const later = collateral('later');
const early = collateral<string>('early');
const part = collateral<string>('part');
const never = collateral<string>('never');

/** Waits for `answer`; holds a delayed signal, a join that lacks one, early signals, what undoes, and visits. */
function waits(store: Store): CNS {
  const ask = withCtx<{ text: string }>()
    .neuron('ask', { later, part, never })
    .expects(answer)
    .milestone()
    .dendrite({
      collateral: asked,
      response: (text, axon, ctx) => {
        ctx.set({ text: text.repeat(2000) });
        return [
          expectSignal(answer, { within: '9d' }),
          axon.later.createSignal(undefined, { delay: '9d' }),
          axon.part.createSignal('a'),
        ];
      },
    })
    .dendrite({ collateral: answer, response: () => undefined })
    .compensate(() => undefined);
  const wait = neuron('wait', {})
    .expects(early)
    .dendrite({ collateral: later, response: () => expectSignal(early) })
    .dendrite({ collateral: early, response: () => undefined });
  const both = neuron('both', {}).join({ part, never }, () => undefined, { key: (text) => text });
  return new CNS([ask, wait, both], { name: 'waits', store, logger: recordingLogger(), compression: { above: 1500 } });
}

/** @returns their ids */
export async function makeRuns(store: Store): Promise<readonly string[]> {
  const { cns } = parcels({ store, logger: recordingLogger() });
  const options = { output: label, maxNeuronHops: 9, concurrency: 2, stimulationContext: { of: 'Ann' } };
  await cns.stimulate(order.createSignal(ENTRY), { id: 'completes', ...options });
  await caught(cns.stimulate(order.createSignal({ ...ENTRY, items: [1, BROKEN, 2] }), { id: 'fails' }));
  await cns.close();

  const waiting = waits(store);
  const run = waiting.stimulate(asked.createSignal('x'), { id: 'waits' });
  await run.checkpoint();
  await run.signal(early.createSignal('soon'), { deliveryId: 'd1' });
  await run.checkpoint();
  await waiting.close().catch(() => undefined);
  await run.waitUntilComplete().catch(() => undefined); // it was let go
  return ['completes', 'fails', 'waits'];
}
