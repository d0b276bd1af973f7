// Rule: every activation leaves one file, named after its cause, so that what was done twice or with another payload shows.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CNS, collateral, neuron } from 'engram';

const start = collateral('start');
const item = collateral('item');
const worked = collateral('worked');

/** @param {{ activationId: string, stimulationId: string }} ctx */
const causeOf = ({ activationId, stimulationId }) => activationId.slice(stimulationId.length + 1);

/** Whole or not at all: a kill in its middle leaves no half of it. */
function leave(out, name, content) {
  const path = join(out, `${name}.json`);
  writeFileSync(`${path}.part`, JSON.stringify(content));
  renameSync(`${path}.part`, path);
}

const spread = neuron('spread', { item })
  .dendrite({
    collateral: start,
    response: ({ out, width }, axon, ctx) => {
      mkdirSync(out, { recursive: true });
      leave(out, causeOf(ctx), { width });
      return Array.from({ length: width }, (_, n) => axon.item.createSignal({ out, width, n }));
    },
  })
  .milestone();

const work = neuron('work', { worked })
  .setConcurrency(6)
  .dendrite({
    collateral: item,
    response: async ({ out, width, n }, axon, ctx) => {
      await new Promise((done) => setTimeout(done, n % 7));
      leave(out, causeOf(ctx), { n });
      return axon.worked.createSignal({ out, width, n });
    },
  })
  .milestone();

const gather = neuron('gather', {}).join(
  { worked },
  ({ worked: all }, _axon, ctx) => {
    const [first] = all;
    leave(first.out, causeOf(ctx), { of: all.map(({ n }) => n).sort((a, b) => a - b) });
  },
  { size: ({ width }) => width },
);

export const entry = start;
export const createCns = (options) => new CNS([spread, work, gather], { name: 'fan-out', ...options });
