// Rule: one life of a process with a durable flow on a Redis store. Tells of each handler that begins; stops for ever in
// the handler that it is told to, so that it can be killed there.
import { CNS, collateral, neuron } from 'engram';
import { redisStore } from 'engram/adapters/redis';

const [url = '', prefix = '', id = '', stopsAt = ''] = process.argv.slice(2);
const HOPS = 10;
const steps = Array.from({ length: HOPS + 1 }, (_, i) => collateral<readonly string[]>(`step${i}`));
const first = steps[0] ?? collateral('never');

const neurons = Array.from({ length: HOPS }, (_, i) =>
  neuron(`n${i}`, { next: steps[i + 1] ?? first })
    .milestone()
    .dendrite({
      collateral: steps[i] ?? first,
      response: async (payload, axon) => {
        process.send?.({ began: `n${i}` });
        if (stopsAt === `n${i}`) await new Promise(() => setInterval(() => undefined, 60_000));
        return axon.next.createSignal([...payload, `n${i}`]);
      },
    }),
);

const store = redisStore({ url, prefix });
const cns = new CNS(neurons, { store });
if (stopsAt === '') {
  const { resumed } = await cns.recover();
  process.send?.({ resumed });
  const run = await cns.rehydrate(id);
  await run?.waitUntilComplete();
} else {
  await cns.stimulate(first.createSignal([]), { id }).waitUntilComplete();
}
await cns.close();
await store.close();
process.disconnect?.();
