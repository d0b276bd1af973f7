import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { CNS, type CNSOptions, collateral, neuron } from 'engram';

const scan = collateral<string>('scan');
const counted = collateral<number>('counted');

const count = neuron('count', { counted })
  .dendrite({ collateral: scan, response: (dir, axon) => axon.counted.createSignal(readdirSync(dir).length) })
  .milestone(); // stored here, before anything downstream starts

const report = neuron('report', {}).dendrite({
  collateral: counted,
  response: (files) => {
    if (!existsSync('report.txt')) die(); // the first attempt does not live to tell
    writeFileSync('report.txt', `${files} files\n`);
  },
});

function die(): void {
  writeFileSync('report.txt', '');
  process.kill(process.pid, 'SIGKILL');
}

export const entry = scan;
export const createCns = (options: CNSOptions) => new CNS([count, report], { name: 'first', ...options });
