// Rule: a worker of a flow of ten milestones. Each call leaves an entry under the id of its activation, on a Redis server
// that nobody disturbs: what it was given, what came before it, who did it and when (of the clock that all processes of
// a host share). `node ten-steps.mjs {"url","effects","ms"}`: every step takes up to twice so many milliseconds.
import { CNS, collateral, neuron, StaleOwnerError } from 'engram';
import { createWorker } from 'engram/worker';
import { createClient } from 'redis';

const STEPS = 10;
const { url, effects: effectsUrl, ms } = JSON.parse(process.argv[2]);
const effects = createClient({ url: effectsUrl });
await effects.connect();

async function leave({ after, sum }, ctx) {
  const at = String(process.hrtime.bigint());
  const entry = { given: sum, after, pid: process.pid, at };
  await effects.rPush(`effect:${ctx.activationId}`, JSON.stringify(entry));
}

const channels = Array.from({ length: STEPS + 1 }, (_, n) => collateral(`step${n}`));
const finished = collateral('finished');
const steps = channels.slice(0, STEPS).map((channel, n) =>
  neuron(`do${n}`, { next: channels[n + 1] })
    .dendrite({
      collateral: channel,
      response: async (given, axon, ctx) => {
        await leave(given, ctx);
        await new Promise((done) => setTimeout(done, 2 * ms * Math.random()));
        return axon.next.createSignal({ sum: given.sum * 3 + n, after: ctx.activationId });
      },
    })
    .milestone(),
);
const end = neuron('end', { finished }).dendrite({
  collateral: channels[STEPS],
  response: async (given, axon, ctx) => {
    await leave(given, ctx);
    return axon.finished.createSignal(given.sum);
  },
});

const tell = (message, error) => {
  if (!(error instanceof StaleOwnerError)) console.error(message, error ?? '');
};
const logger = { warn: tell, error: tell };
const worker = createWorker({
  cns: (host) => new CNS([...steps, end], { name: 'ten-steps', version: '1', logger, ...host }),
  connection: { url },
  logger,
});
worker.on('failed', ({ id, error }) => console.error(id, error));
// what a paused worker held is in the hands of another one
worker.on('error', (error) => {
  if (!/lock/i.test(error.message)) console.error('error', error);
});
process.once('SIGTERM', async () => {
  await worker.close();
  await effects.close();
});
await worker.waitUntilReady();
console.log('ready');
