// Rule: one of several processes that want the same runs. `node fighter.mjs <store url> <calls file> <begin|fight> <runs> <ms>`:
// `begin` starts the runs and says so; `fight` takes over whatever it can get, until it is killed.
import { appendFileSync } from 'node:fs';
import { CNS, collateral, neuron, StaleOwnerError } from 'engram';

const STEPS = 10;
const LEASE = 800;
const [url, calls, mode, runs, ms] = process.argv.slice(2);

async function openStore() {
  if (url.startsWith('file:')) {
    const { fileStore } = await import('engram/adapters/file');
    return fileStore({ dir: url.slice('file:'.length) });
  }
  const { redisStore } = await import('engram/adapters/redis');
  return redisStore({ url });
}

const channels = Array.from({ length: STEPS + 1 }, (_, n) => collateral(`step${n}`));
const steps = channels.slice(0, STEPS).map((channel, n) =>
  neuron(`do${n}`, { next: channels[n + 1] })
    .dendrite({
      collateral: channel,
      response: async (sum, axon, ctx) => {
        appendFileSync(calls, `${JSON.stringify({ id: ctx.activationId, pid: process.pid, sum })}\n`);
        // between nothing and twice its share of the time
        await new Promise((done) => setTimeout(done, ((2 * Number(ms)) / STEPS) * Math.random()));
        return axon.next.createSignal(sum + n);
      },
    })
    .milestone(),
);

const tell = (message, error) => {
  if (!(error instanceof StaleOwnerError)) console.error(message, error ?? '');
};
const cns = new CNS(steps, {
  name: 'fight',
  store: await openStore(),
  lease: LEASE,
  logger: { warn: tell, error: tell },
});

if (mode === 'begin') {
  const started = Array.from({ length: Number(runs) }, (_, n) =>
    cns.stimulate(channels[0].createSignal(n), { id: `${process.env.ENGRAM_FIGHT}-${n}`, output: channels[STEPS] }),
  );
  for (const run of started) await run.checkpoint();
  console.log('begun');
} else {
  console.log('fighting');
  for (;;) {
    const { failed } = await cns.recover();
    for (const { id, error } of failed) tell(id, error);
    await new Promise((done) => setTimeout(done, 50));
  }
}
