import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CNS, collateral, expect as awaits, InvalidArgumentError, neuron, type Store, UnknownRunError } from 'engram';
import { fileStore } from 'engram/adapters/file';
import { readProgress, toDot, toMermaid } from 'engram/visualizations';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCns, placeOrder } from '../../machines/flows/order.js';
import { LedgerInMemory } from '../../machines/flows/order/ledger.js';
import type { OrderRequest } from '../../machines/flows/order/request.js';
import { parseFlowchart } from './mermaid-parser.js';

let directory: string;
let store: Store;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'engram-pictures-'));
  store = fileStore({ dir: directory });
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const orders = () => createCns({ store, ledger: new LedgerInMemory() });
/** Runs an order as far as it goes, and gives the classes of its picture by neuron. */
async function pictureOf(more: Partial<OrderRequest>): Promise<Readonly<Record<string, string>>> {
  const cns = orders();
  const run = cns.stimulate(placeOrder.createSignal({ order: 'A-1', amount: 5, ledger: directory, ...more }), {
    id: 'a',
  });
  await run.then(
    () => undefined,
    () => undefined,
  );
  return classesOf(cns);
}

async function classesOf(cns: CNS): Promise<Readonly<Record<string, string>>> {
  const { classes } = await parseFlowchart(toMermaid(cns, { run: await readProgress(cns, store, 'a') }));
  return Object.fromEntries(
    Object.entries(classes).flatMap(([id, names]) => (id.startsWith('n_') ? [[id.slice(2), names.join(' ')]] : [])),
  );
}

describe('the picture of a run', () => {
  it('shows what has settled, and leaves plain what was not reached', async () => {
    expect(await pictureOf({})).toEqual({
      accept: 'settled',
      reserve: 'settled',
      approve: 'settled',
      expire: '',
      charge: 'settled',
      ship: 'settled',
    });
  });

  it('shows what waits for a person', async () => {
    const cns = orders();
    const run = cns.stimulate(placeOrder.createSignal({ order: 'A-1', amount: 5000, ledger: directory }), { id: 'a' });
    await expect.poll(() => run.status).toBe('waiting');
    await cns.close();
    expect(await classesOf(cns)).toMatchObject({ reserve: 'settled', approve: 'waiting', charge: 'milestone' });
    const text = toMermaid(cns, { run: await readProgress(cns, store, 'a') });
    expect(text.split('\n').slice(0, 3)).toEqual(['---', 'title: "a: waiting"', '---']);
    expect(text).toContain('"approve<br/>waiting<br/>waits for approved: saved, safe to die"');
  });

  it('shows what has failed, and what was undone', async () => {
    expect(await pictureOf({ strike: true })).toMatchObject({ reserve: 'undone', charge: 'undone', ship: 'failed' });
  });

  it('counts what was emitted, and shows where it went in Graphviz', async () => {
    const [go, page, done] = [collateral('go'), collateral<number>('page'), collateral('done')];
    const cns = new CNS(
      [
        neuron('split', { page }).dendrite({
          collateral: go,
          response: (_payload, axon) => [1, 2, 3].map((n) => axon.page.createSignal(n)),
        }),
        neuron('read', { done }).dendrite({ collateral: page, response: () => undefined }),
      ],
      { name: 'pages', store },
    );
    await cns.stimulate(go.createSignal(), { id: 'a' });
    const run = await readProgress(cns, store, 'a');
    expect(run.neurons['read']).toEqual({ settled: 3, failed: 0, undone: 0, running: 0, waiting: 0 });
    const dot = toDot(cns, { run });
    expect(dot).toContain('"split" -> "read" [class="signal taken" label="page × 3" penwidth=2]');
    expect(dot).toContain('"read" -> "result: done" [class="signal" label="done"]');
    expect(dot).toContain('3 done');
    expect(dot).toContain('label="pages, version 1; a: completed\\l');
  });

  it('shows a join that has not all of it yet as one that waits, and as done when it has', async () => {
    const [go, left, right, answer] = [collateral('go'), collateral('left'), collateral('right'), collateral('answer')];
    const cns = new CNS(
      [
        neuron('both', { left, right })
          .dendrite({ collateral: go, response: (_payload, axon) => [axon.left.createSignal(), awaits(answer)] })
          .expects(answer)
          .dendrite({ collateral: answer, response: (_payload, axon) => axon.right.createSignal() }),
        neuron('meet', {}).join({ left, right }, () => undefined),
      ],
      { name: 'meeting', store },
    );
    const run = cns.stimulate(go.createSignal(), { id: 'a' });
    await expect.poll(async () => (await classesOf(cns))['meet']).toBe('waiting');
    expect((await readProgress(cns, store, 'a')).neurons['meet']).toMatchObject({ settled: 0, waiting: 1 });
    await run.signal(answer.createSignal());
    await run;
    expect(await classesOf(cns)).toEqual({ both: 'settled', meet: 'settled' });
    const { neurons, heard } = await readProgress(cns, store, 'a');
    expect(neurons['meet']).toMatchObject({ settled: 1, waiting: 0 });
    expect(heard['meet']).toMatchObject({ left: expect.any(Number), right: expect.any(Number) });
  });

  it('that is under way shows what runs, as of its last checkpoint', async () => {
    const [go, next] = [collateral('go'), collateral('next')];
    let free = (): void => undefined;
    const cns = new CNS(
      [
        neuron('first', { next })
          .dendrite({ collateral: go, response: (_payload, axon) => axon.next.createSignal() })
          .milestone(),
        neuron('second', {}).dendrite({
          collateral: next,
          response: () => new Promise<void>((resolve) => (free = resolve)),
        }),
      ],
      { name: 'steps', store },
    );
    const run = cns.stimulate(go.createSignal(), { id: 'a' });
    await expect.poll(async () => (await readProgress(cns, store, 'a')).neurons['second']?.running).toBe(1);
    expect(await classesOf(cns)).toEqual({ first: 'settled', second: 'running' });
    free();
    await run;
  });
});

describe('a picture of a run is refused', () => {
  it('for a run that is not stored', async () => {
    await expect(readProgress(orders(), store, 'nobody')).rejects.toThrow(UnknownRunError);
  });

  it('for a run of another flow', async () => {
    const cns = orders();
    await cns.stimulate(placeOrder.createSignal({ order: 'A-1', amount: 5, ledger: directory }), { id: 'a' });
    const run = await readProgress(cns, store, 'a');
    const other = new CNS([neuron('work', {}).dendrite({ collateral: collateral('go'), response: () => undefined })], {
      name: 'other',
    });
    const told = 'it is a run of "order", not of "other"';
    await expect(readProgress(other, store, 'a')).rejects.toThrow(InvalidArgumentError);
    await expect(readProgress(other, store, 'a')).rejects.toThrow(told);
    for (const draw of [toMermaid, toDot]) expect(() => draw(other, { run })).toThrow(told.replace('it', 'run "a"'));
  });
});
