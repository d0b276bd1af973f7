/** Prints the traces of some schedules of the order flow, from the seed that it is given on. */
import { PATIENT, PROMPT, simulateOrder } from './order-world.js';

async function main(): Promise<void> {
  for (const [name, scenario] of Object.entries({ ...PROMPT, ...PATIENT })) {
    await simulateOrder(scenario, {
      seed: Number(process.argv[2]),
      schedules: 20,
      onSchedule: ({ seed, trace }) => void process.stdout.write(`an order ${name}, seed ${seed}\n${trace}`),
    });
  }
}

void main();
