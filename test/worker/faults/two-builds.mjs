// Rule: a worker of one of two builds of the same version of a flow. Both can do what the other has begun, save for the
// neuron `check`, which only build B has. `node two-builds.mjs {"url","build"}` tells of the runs that it refuses.
import { CNS, collateral, neuron } from 'engram';
import { createWorker } from 'engram/worker';

const { url, build } = JSON.parse(process.argv[2]);
const work = () => new Promise((done) => setTimeout(done, 300));
/** Longer than a worker lingers: another one goes on. */
const LATER = { delay: 1200 };

const start = collateral('start');
const wanted = collateral('wanted');
const worked = collateral('worked');
const finished = collateral('finished');

const first = neuron('first', build === 'B' ? { wanted } : { worked })
  .dendrite({
    collateral: start,
    response: async (_, axon) => {
      await work();
      const way = { way: [build] };
      return build === 'B' ? axon.wanted.createSignal(way, LATER) : axon.worked.createSignal(way, LATER);
    },
  })
  .milestone();
const check = neuron('check', { worked })
  .dendrite({
    collateral: wanted,
    response: async ({ way }, axon) => {
      await work();
      return axon.worked.createSignal({ way: [...way, 'check'] }, LATER);
    },
  })
  .milestone();
const last = neuron('last', { finished })
  .dendrite({
    collateral: worked,
    response: async ({ way }, axon) => {
      await work();
      return axon.finished.createSignal([...way, build]);
    },
  })
  .milestone();

const tell = (message, error) => console.error(message, error ?? '');
// that it goes on with runs of another build is what is wanted here
const logger = { warn: () => undefined, error: tell };
const worker = createWorker({
  cns: (host) =>
    new CNS(build === 'B' ? [first, check, last] : [first, last], {
      name: 'two-builds',
      version: '1',
      logger,
      ...host,
    }),
  connection: { url },
  logger,
});
worker.on('refused', ({ id, error }) => console.log(JSON.stringify({ refused: id, by: build, code: error.code })));
worker.on('failed', ({ id, error }) => console.error(id, error));
process.once('SIGTERM', () => void worker.close());
await worker.waitUntilReady();
console.log('ready');
