// What the README's table of features shows: each of its lines stands here as it is, and runs.
import {
  afferentPath,
  CNS,
  CNSPersistOptionsRegistry,
  CNSStimulationContextStore,
  CNSStimulationGate,
  collateral,
  createPersistRegistry,
  expect,
  modality,
  neuron,
  neuronFactory,
  NonRetryableError,
  RetryAfterError,
} from 'engram';
import { memoryStore } from 'engram/adapters/memory';

interface Item {
  readonly id: string;
  readonly of: number;
}
const go = collateral<Item>('go');
const price = collateral<Item>('price');
const stock = collateral<Item>('stock');
const parcel = collateral<Item>('parcel');
const approved = collateral<string>('approved');
const expired = collateral('expired');
const done = collateral<number>('done');

const input = modality('input', { mail: afferentPath(), web: afferentPath() });
const { mail } = input.afferentPaths;
const readMail = ({ of }: Item): number => of;
const guess = (): number => 0;

const child = new CNS([neuron('leaf', {}).dendrite({ collateral: go, response: () => undefined })]);

export const calls: string[] = [];
const fetching = neuron('fetching', { price, stock })
  .dendrite({
    collateral: go,
    response: async (item, axon, ctx) => {
      calls.push(`attempt ${ctx.attempt}`);
      if (ctx.attempt === 1) throw new RetryAfterError('busy', 5);
      if (item.of < 0) throw new NonRetryableError('no such item');
      await ctx.stimulate(child, go.createSignal(item));
      return [axon.price.createSignal(item, { delay: '10ms' }), axon.stock.createSignal(item)];
    },
  })
  .setConcurrency(4)
  .setMaxDuration('30s')
  .retry({ attempts: 5, backoff: 'exponential', initial: '1s', max: '1m', jitter: 0.5 })
  .compensate((item) => void calls.push(item.id));

const joining = neuron('joining', { parcel, expired })
  .join({ price, stock }, ({ price: item }, axon) => axon.parcel.createSignal(item), { key: ({ id }) => id })
  .expects(approved)
  .dendrite({
    collateral: parcel,
    response: (_item, axon) => expect(approved, { within: '7d', otherwise: axon.expired.createSignal() }),
  })
  .dendrite({ collateral: expired, response: () => undefined });

const counting = neuronFactory<number, { readonly unit: string }>()
  .neuron('counting', { done })
  .join({ parcel }, ({ parcel: all }, axon) => axon.done.createSignal(all.length), { size: ({ of }) => of })
  .modalityDendrite({
    collateral: parcel,
    modality: input,
    afferentPaths: [[mail, readMail]],
    default: guess,
    output: (found, _axon, ctx) => ctx.update((sum = 0) => sum + found),
  });

export async function run(): Promise<object> {
  const registry = new CNSPersistOptionsRegistry().register('fetching', fetching);
  const store = memoryStore();
  const options = { store, registry, autoCleanupContexts: false };
  const cns = new CNS([fetching, joining, counting], options, { unit: 'parcel' });
  const signal = go.createSignal({ id: 'a', of: 1 });
  const stopper = new AbortController();
  cns.addResponseListener((response) => void calls.push(response.neuron));
  cns.addDrainListener(({ hops }) => void calls.push(String(hops)));

  const limits = { concurrency: 10, maxNeuronHops: 1000, maxFrontier: 100_000 };
  const chosen = { modality: input, afferentPath: mail };
  const stimulation = cns.stimulate(signal, {
    id: 'r',
    abortSignal: stopper.signal,
    ...limits,
    ...chosen,
    output: done,
  });
  await cns.signal('r', approved.createSignal('Ann'), { deliveryId: 'mail-1' });
  const { output, context, unclaimed } = await stimulation;

  const text = new CNSStimulationContextStore({ values: context }).serialize();
  const values = CNSStimulationContextStore.restore(text);
  const other = cns.stimulate(signal, { id: 'other', ctx: values, ...chosen });
  other.abort('not now', { compensate: true });
  await other.waitUntilComplete().catch(() => undefined);
  const rest = cns.activate(other.getFailedTasks());
  rest.abort();
  await rest.waitUntilComplete().catch(() => undefined);

  const gate = new CNSStimulationGate({ cns: child, signal: () => signal });
  await gate.drain();
  createPersistRegistry({ fetching, joining });
  await cns.close();
  return { output, unclaimed, count: context['counting'] };
}
