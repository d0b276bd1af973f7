/**
 * A program whose runs end while nobody listens. Prints how much of the heap is held after the first of them and after
 * many more, in bytes. Needs `--expose-gc`. Given: a url.
 */
import { CNS, collateral, withCtx } from 'engram';
import { statelyInspector } from 'engram/inspector';

const [url = ''] = process.argv.slice(2);
const go = collateral('go');
const keep = withCtx<number[][]>()
  .neuron('keep', {})
  .dendrite({
    collateral: go,
    response: (_payload, _axon, ctx) =>
      ctx.set(Array.from({ length: 40 }, (_, row) => Array.from({ length: 100 }, (__, n) => row * n + 0.5))),
  });

let refused: () => void;
const isRefused = new Promise<void>((resolve) => (refused = resolve));
const inspect = statelyInspector({ url, logger: { warn: () => refused(), error: console.error } });
const cns = new CNS([keep], { inspect });

let runs = 0;
async function held(more: number): Promise<number> {
  for (let n = 0; n < more; n++) await cns.stimulate(go.createSignal(), { id: `run-${runs++}` });
  for (let n = 0; n < 3; n++) {
    await new Promise((resolve) => setImmediate(resolve));
    (globalThis as unknown as { gc: () => void }).gc();
  }
  return process.memoryUsage().heapUsed;
}

const nothing = await held(1);
await isRefused;
const few = await held(300);
const many = await held(2_000);
console.log(JSON.stringify({ few: few - nothing, many: many - nothing }));
await inspect.close();
