/**
 * A program that runs a flow with an inspector, and ends. Given: a url, and `leave` (nothing more is done), `close`,
 * `linger` (stays until a line comes in), or `missing` (the package cannot be found).
 */
import Module from 'node:module';
import { CNS, collateral, neuron } from 'engram';
import { statelyInspector } from 'engram/inspector';

const [url = '', how] = process.argv.slice(2);

if (how === 'missing') {
  const modules = Module as unknown as { _resolveFilename: (name: string, ...rest: unknown[]) => string };
  const resolve = modules._resolveFilename.bind(Module);
  modules._resolveFilename = (name, ...rest) => {
    if (name === '@statelyai/inspect') throw new TypeError('not installed');
    return resolve(name, ...rest);
  };
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

const inspect = statelyInspector({ url });
const { status, output } = await new CNS([count], { inspect }).stimulate(go.createSignal(3), {
  id: 'short',
  output: out,
});
console.log(status, output);
if (how === 'close') await inspect.close();
if (how === 'linger') process.stdin.once('data', () => process.stdin.destroy());
