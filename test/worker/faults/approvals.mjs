// Rule: a worker of a flow that waits for a person. `node approvals.mjs {"url"}` records on that server, by run, each
// time that somebody approved and each time that a deadline passed.
import { CNS, collateral, expect, neuron } from 'engram';
import { createWorker } from 'engram/worker';
import { createClient } from 'redis';

const { url } = JSON.parse(process.argv[2]);
const effects = createClient({ url });
await effects.connect();
const record = (ctx, what) => effects.rPush(`decided:${ctx.stimulation.id}`, what);

const requested = collateral('requested');
const approved = collateral('approved');
const expired = collateral('expired');
const decided = collateral('decided');

const ask = neuron('ask', { expired, decided })
  .dendrite({
    collateral: requested,
    response: ({ within }, axon) => expect(approved, { within, otherwise: axon.expired.createSignal() }),
  })
  .expects(approved)
  .dendrite({
    collateral: approved,
    response: async ({ by }, axon, ctx) => {
      await record(ctx, by);
      return axon.decided.createSignal(by);
    },
  })
  .milestone();
const expire = neuron('expire', { decided }).dendrite({
  collateral: expired,
  response: async (_, axon, ctx) => {
    await record(ctx, 'nobody');
    return axon.decided.createSignal('nobody');
  },
});

const tell = (message, error) => console.error(message, error ?? '');
// what comes after a deadline is told of: that is what some tests do
const logger = { warn: () => undefined, error: tell };
const worker = createWorker({
  cns: (host) => new CNS([ask, expire], { name: 'approvals', version: '1', logger, ...host }),
  connection: { url },
  concurrency: 50,
  logger,
});
worker.on('failed', ({ id, error }) => console.error(id, error));
process.once('SIGTERM', async () => {
  await worker.close();
  await effects.close();
});
await worker.waitUntilReady();
console.log('ready');
