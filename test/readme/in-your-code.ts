import { CNS, collateral, neuron, withCtx } from 'engram';
import { fileStore } from 'engram/adapters/file';
import { z } from 'zod';

const words = collateral('words', { schema: z.object({ text: z.string() }) });
const word = collateral<string>('word');

const split = neuron('split', { word }).dendrite({
  collateral: words,
  response: ({ text }, axon) => text.split(' ').map((each) => axon.word.createSignal(each)),
});

const keepLongest = withCtx<string>()
  .neuron('keepLongest', {})
  .dendrite({
    collateral: word,
    response: (each, _axon, ctx) => ctx.update((best = '') => (each.length > best.length ? each : best)),
  })
  .milestone();

const cns = new CNS([split, keepLongest], { name: 'words', store: fileStore({ dir: '.engram' }) });

const { failed } = await cns.recover(); // runs that a crash or a deploy left unfinished go on
for (const { id, error } of failed) console.error(id, error);
const result = await cns.stimulate(words.createSignal({ text: 'the runs that survive' }), { id: 'words-1' });
console.log(result.status, result.context['keepLongest']); // completed survive
