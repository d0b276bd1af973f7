import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CNS,
  collateral,
  CorruptCheckpointError,
  expect as awaits,
  InvalidArgumentError,
  neuron,
  type Store,
  UnknownRunError,
} from 'engram';
import { fileStore } from 'engram/adapters/file';
import { keyValueStore } from 'engram/adapters/key-value';
import { memoryStore } from 'engram/adapters/memory';
import { JSDOM } from 'jsdom';
import { readProgress, type RunProgress, toDot, toMermaid, toSvg } from 'engram/visualizations';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { approved, createCns, placeOrder } from '../../machines/flows/order.js';
import { LedgerInMemory } from '../../machines/flows/order/ledger.js';
import type { OrderRequest } from '../../machines/flows/order/request.js';
import { withOverrides } from '../support/stores.js';
import { parseFlowchart } from './mermaid-parser.js';

const { DOMParser } = new JSDOM().window;
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

const NONE = { settled: 0, failed: 0, undone: 0, aborted: 0, running: 0, waiting: 0 };

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
    expect(text).toContain('"approve<br/>1 waiting, 1 done<br/>waits for approved, safe to die"');
  });

  it('counts a wait neither as work of its own when it is over, nor as a second signal', async () => {
    const cns = orders();
    const run = cns.stimulate(placeOrder.createSignal({ order: 'A-1', amount: 5000, ledger: directory }), { id: 'a' });
    await run.signal(approved.createSignal({ by: 'Ann' }));
    await run;
    const { neurons, received } = await readProgress(cns, store, 'a');
    expect(neurons['approve']).toEqual({ ...NONE, settled: 2 });
    expect(received['approve']).toEqual(['reserved', 'approved']);
  });

  it('shows what it took when nobody came', async () => {
    const expired = await pictureOf({ amount: 5000, within: '1ms' });
    expect(expired).toMatchObject({ approve: 'settled', expire: 'failed', charge: 'milestone' });
    const { neurons, emitted } = await readProgress(orders(), store, 'a');
    expect(neurons['approve']).toEqual({ ...NONE, settled: 1 });
    expect(emitted['approve']).toEqual({ expired: 1 });
  });

  it('shows where an abort cut it short', async () => {
    const cns = orders();
    const run = cns.stimulate(placeOrder.createSignal({ order: 'A-1', amount: 5000, ledger: directory }), { id: 'a' });
    await expect.poll(() => run.status).toBe('waiting');
    run.abort('not now');
    await expect(run.waitUntilComplete()).rejects.toThrow();
    expect(await classesOf(cns)).toMatchObject({ reserve: 'settled', approve: 'aborted', charge: 'milestone' });
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
    expect(run.neurons['read']).toEqual({ ...NONE, settled: 3 });
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
    expect((await readProgress(cns, store, 'a')).neurons).toEqual({
      both: { ...NONE, settled: 1, waiting: 1 },
      meet: { ...NONE, waiting: 1 },
    });
    await run.signal(answer.createSignal());
    await run;
    expect(await classesOf(cns)).toEqual({ both: 'settled', meet: 'settled' });
    const { neurons, received } = await readProgress(cns, store, 'a');
    expect(neurons).toEqual({ both: { ...NONE, settled: 2 }, meet: { ...NONE, settled: 1 } });
    expect(received).toEqual({ both: ['go', 'answer'], meet: ['left', 'right'] });
    const dot = toDot(cns, { run: await readProgress(cns, store, 'a') });
    expect(dot.match(/class="signal taken"/g)).toHaveLength(5); // all there are
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

describe('a picture of a run says what it lacks', () => {
  const go = collateral('go');
  const response = () => undefined;
  const flow = (version: string, names: readonly string[], kept: Store = store) =>
    new CNS(
      names.map((name) => neuron(name, {}).dendrite({ collateral: go, response })),
      { name: 'steps', version, store: kept },
    );
  const titleOf = (cns: CNS, run: RunProgress) => toMermaid(cns, { run }).split('\n')[1];

  it('when neurons of it are gone', async () => {
    await flow('1', ['old', 'kept']).stimulate(go.createSignal(), { id: 'a' });
    const later = flow('2', ['kept', 'new']);
    const run = await readProgress(later, store, 'a');
    const told = 'not drawn, because the flow does not have them any more: old';
    expect(titleOf(later, run)).toBe(`title: "a: completed; stored by version 1; ${told}"`);
    expect(toDot(later, { run })).toContain(`steps, version 2; a: completed\\lstored by version 1\\l${told}\\l`);
  });

  it('when there were too many settlements to keep', async () => {
    const again = collateral<number>('again');
    const loop = neuron('loop', { again }).dendrite({
      collateral: again,
      response: (left, axon) => (left === 0 ? undefined : axon.again.createSignal(left - 1)),
    });
    const cns = new CNS([loop], { name: 'loop', store });
    await cns.stimulate(again.createSignal(30_000), { id: 'a' });
    const run = await readProgress(cns, store, 'a');
    expect(run.omitted).toBeGreaterThan(0);
    expect((run.neurons['loop']?.settled ?? 0) + run.omitted).toBe(30_001);
    expect(titleOf(cns, run)).toContain(`not counted, because they were too many to keep: ${run.omitted} settled`);
  });

  it('when something of it is damaged', async () => {
    const damaged = memoryStore();
    const cns = flow('1', ['work'], damaged);
    await cns.stimulate(go.createSignal(), { id: 'a' });
    const events = () => Promise.reject(new CorruptCheckpointError('the events of run "a"', 'a bit has fallen over'));
    const run = await readProgress(cns, withOverrides(damaged, { events }), 'a');
    expect(run).toMatchObject({ status: 'completed', neurons: {}, damage: [expect.stringContaining('a bit')] });
    expect(titleOf(cns, run)).toContain('damaged in the store: shown is what can be read');
  });

  it('and is drawn from a store that keeps no events', async () => {
    const texts = new Map<string, string>();
    const poor = keyValueStore(
      {
        save: async (key, json) => void texts.set(key, json),
        load: async (key) => texts.get(key),
        delete: async (key) => void texts.delete(key),
      },
      { name: 'map' },
    );
    const cns = flow('1', ['work'], poor);
    await cns.stimulate(go.createSignal(), { id: 'a' });
    expect(await readProgress(cns, poor, 'a')).toMatchObject({ status: 'completed', neurons: {} });
  });

  it('names in it may be those of what every object has', async () => {
    const cns = flow('1', ['toString', 'valueOf']);
    const none = { id: 'a', graph: { name: 'steps', version: '1' }, status: 'queued', neurons: {} } as const;
    const run = { ...none, emitted: {}, received: {}, omitted: 0, damage: [] };
    expect(toMermaid(cns, { run })).not.toContain(':::settled');
    expect(toDot(cns, { run })).not.toContain('settled');
  });

  it.each(['a\nb', '\ufffe', '<b>&amp;', '"]', '%%{init}%%', '---'])('ids like %j are only shown', async (id) => {
    const cns = flow('1', ['work']);
    await cns.stimulate(go.createSignal(), { id });
    const run = await readProgress(cns, store, id);
    await parseFlowchart(toMermaid(cns, { run }));
    const svg = new DOMParser().parseFromString(await toSvg(cns, { run }), 'image/svg+xml');
    expect(svg.querySelector('parsererror')).toBeNull();
    expect(svg.querySelector('text')?.textContent).toBe(
      `steps, version 1; ${id.replace(/[\n\ufffe]/, '·')}: completed`,
    );
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
