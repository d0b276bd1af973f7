/** The flows and bounds that the benchmark runs: a chain of ten hops, and a flat XState machine. */
import { type AnyNeuron, CNS, type CNSOptions, collateral, neuron } from 'engram';
import { type AnyActorLogic, assign, createActor, createMachine } from 'xstate';

export const HOPS = 10;

const channels = Array.from({ length: HOPS + 1 }, (_, i) => collateral<number>(`c${i}`));
export const first = channels[0] as (typeof channels)[number];

type Handler = (payload: number, axon: { next: (typeof channels)[number] }) => unknown;

/** A chain of ten neurons in a graph of `size`; the others listen and are never reached. */
export const chain = (size: number, handler: Handler): CNS => chainOf(size, handler, (made) => made);

const link = (i: number, handler: Handler) =>
  neuron(`n${i}`, { next: channels[i + 1] as (typeof channels)[number] }).dendrite({
    collateral: channels[i] as (typeof channels)[number],
    response: handler as never,
  });

/** @param finish what else each neuron of the chain is told to be */
export function chainOf(
  size: number,
  handler: Handler,
  finish: (made: ReturnType<typeof link>) => AnyNeuron,
  options: CNSOptions = {},
): CNS {
  const neurons = Array.from({ length: HOPS }, (_, i) => finish(link(i, handler)));
  const others = Array.from({ length: size - HOPS }, (_, i) =>
    neuron(`other${i}`, {}).dendrite({ collateral: collateral<number>(`o${i}`), response: () => undefined }),
  );
  return new CNS([...neurons, ...others], options);
}

export const syncHandler: Handler = (payload, axon) => axon.next.createSignal(payload + 1);

export const asyncHandler: Handler = async (payload, axon) => axon.next.createSignal(payload + 1);

/** The bound of an asynchronous hop: the same handler, awaited by a loop. */
export async function bareAwaits(times: number): Promise<void> {
  const axon = { next: first };
  for (let i = 0; i < times; i++) {
    let payload = 1;
    for (let hop = 0; hop < HOPS; hop++) {
      payload = ((await asyncHandler(payload, axon)) as { payload: number }).payload;
    }
  }
}

/** The bound of a synchronous hop: one event of a flat XState machine with one assign. */
export function flatMachine(): (times: number) => void {
  const machine = createMachine({
    context: { n: 0 },
    initial: 'on',
    states: { on: { on: { STEP: { actions: assign({ n: ({ context }) => context.n + 1 }) } } } },
  });
  const event = { type: 'STEP' };
  return (times) => {
    const actor = createActor(machine as AnyActorLogic).start();
    for (let i = 0; i < times; i++) actor.send(event);
    actor.stop();
  };
}
