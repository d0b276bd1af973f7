/** Runs that fail with nobody waiting: sync, async, and durable. Prints how many rejections nobody handled. */
import { CNS, collateral, neuron } from 'engram';
import { memoryStore } from 'engram/adapters/memory';

let unhandled = 0;
process.on('unhandledRejection', () => unhandled++);
process.on('exit', (code) => process.stdout.write(`exit ${code}, unhandled ${unhandled}\n`));

const start = collateral<boolean>('start');
const work = neuron('work', {}).dendrite({
  collateral: start,
  response: (isAsync) => {
    const error = new RangeError('boom');
    if (isAsync) return Promise.reject(error);
    throw error;
  },
});
const inMemory = new CNS([work]);
inMemory.stimulate(start.createSignal(false));
inMemory.stimulate(start.createSignal(true));
new CNS([work], { store: memoryStore() }).stimulate(start.createSignal(true));
