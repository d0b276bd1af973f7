/**
 * A program that runs a flow with an inspector, and ends. Given: a url, and `leave` (nothing more is done), `close`,
 * `linger` (stays until a line comes in), `missing` (the package cannot be found), or `broken` (it is found at the path
 * that is given too; two runs, the second when it is known, and how many values were asked about in each).
 */
import { EventEmitter, once } from 'node:events';
import Module from 'node:module';
import { CNS, collateral, neuron } from 'engram';
import { statelyInspector } from 'engram/inspector';

const [url = '', how, path = ''] = process.argv.slice(2);

/** The package is looked for here from now on. */
function findAt(find: () => string): void {
  const modules = Module as unknown as { _resolveFilename: (name: string, ...rest: unknown[]) => string };
  const resolve = modules._resolveFilename.bind(Module);
  modules._resolveFilename = (name, ...rest) => (name === '@statelyai/inspect' ? find() : resolve(name, ...rest));
}

if (how === 'missing') {
  findAt(() => {
    throw new TypeError('not installed');
  });
  try {
    statelyInspector({ url });
  } catch (error) {
    const { name, message, hint } = error as Error & { hint: string };
    console.log(`${name}: ${message} (${hint})`);
  }
  process.exit();
}

const go = collateral<number>('go');
const out = collateral<number>('out');
const count = neuron('count', { out }).dendrite({
  collateral: go,
  response: async (n, axon) => axon.out.createSignal(n),
});

if (how === 'broken') {
  findAt(() => path);
  let asked = 0;
  const redact = (_path: readonly string[], value: unknown) => {
    asked++;
    return value;
  };
  const known = new EventEmitter();
  const isKnown = once(known, 'known');
  const logger = {
    warn: console.error,
    error: (message: string) => {
      console.error(message);
      known.emit('known');
    },
  };
  const inspect = statelyInspector({ url, logger });
  const cns = new CNS([count], { inspect, redact });
  const first = await cns.stimulate(go.createSignal(1), { output: out });
  await isKnown;
  console.log(first.status, asked > 0);
  asked = 0;
  const second = await cns.stimulate(go.createSignal(2), { output: out });
  console.log(second.status, asked);
  await inspect.close();
} else await runOnce();

async function runOnce(): Promise<void> {
  const inspect = statelyInspector({ url });
  const { status, output } = await new CNS([count], { inspect }).stimulate(go.createSignal(3), {
    id: 'short',
    output: out,
  });
  console.log(status, output);
  if (how === 'close') await inspect.close();
  if (how === 'linger') process.stdin.once('data', () => process.stdin.destroy());
}
