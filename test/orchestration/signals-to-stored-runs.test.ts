import { type AnyNeuron, CNS, type CNSOptions, collateral, expect as expectSignal, neuron, type Store } from 'engram';
import { fileStore } from 'engram/adapters/file';
import { memoryStore } from 'engram/adapters/memory';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { withOverrides } from '../support/stores.js';

const order = collateral<string>('order');
const approved = collateral<string>('approved');
const note = collateral<string>('note');
const LEASE = 3000;
const RENEWAL = LEASE / 3;

const scratch = mkdtempSync(join(tmpdir(), 'engram-signals-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
const stores: readonly (readonly [string, (clock: ManualClock) => Store])[] = [
  ['memoryStore', (clock) => memoryStore({ clock })],
  ['fileStore', () => fileStore({ dir: join(scratch, String(++folders)), fsync: false })],
];

/** Processes that share a store and a clock; each has a CNS, and so an owner, of its own. */
function world(fresh: (clock: ManualClock) => Store) {
  const clock = new ManualClock();
  const store = fresh(clock);
  const logger = recordingLogger();
  const here = (options: CNSOptions = {}, more: readonly AnyNeuron[] = []) => {
    const trace: string[] = [];
    const ids: string[] = [];
    const clerk = neuron('clerk', {})
      .dendrite({
        collateral: order,
        response: (what) => {
          trace.push(`order ${what}`);
          return expectSignal(approved);
        },
      })
      .dendrite({
        collateral: approved,
        response: (by, _axon, ctx) => {
          trace.push(`by ${by}`);
          ids.push(ctx.activationId);
        },
      })
      .expects(approved);
    const diary = neuron('diary', {}).dendrite({
      collateral: note,
      response: (text, _axon, ctx) => {
        trace.push(`note ${text}`);
        ctx.update((all = '') => `${all as string}${text};`);
      },
    });
    return { cns: new CNS([clerk, diary, ...more], { lease: LEASE, clock, logger, store, ...options }), trace, ids };
  };
  return { clock, store, logger, here };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await quiet(); // real files take their time
};

describe.each(stores)('cns.signal, on a %s', (_name, fresh) => {
  it('to a run that lives in another CNS arrives when that renews its lease, and leaves the inbox with a checkpoint', async () => {
    const { clock, store, here } = world(fresh);
    const [one, two] = [here(), here()];
    const run = one.cns.stimulate(order.createSignal('book'), { id: 'r' });
    await run.checkpoint();
    await two.cns.signal('r', note.createSignal('hello'), { deliveryId: 'n1' });
    await two.cns.signal('r', approved.createSignal('ann'));
    expect(await store.inbox('r')).toHaveLength(2);
    expect(one.trace).toEqual(['order book']);
    await clock.pass(RENEWAL);
    expect(await run).toMatchObject({ context: { diary: 'hello;' }, unclaimed: [] });
    expect([one.trace, two.trace]).toEqual([['order book', 'note hello', 'by ann'], []]);
    expect(await store.inbox('r')).toEqual([]);
  });

  it('to a run that nobody holds arrives when it is rehydrated', async () => {
    const { store, here } = world(fresh);
    const one = here();
    const run = one.cns.stimulate(order.createSignal('book'), { id: 'r' });
    await run.checkpoint();
    await one.cns.close();
    const two = here();
    await two.cns.signal('r', approved.createSignal('ann'));
    await two.cns.signal('r', note.createSignal('hello'));
    await settle();
    expect(two.trace).toEqual([]);
    const again = await two.cns.rehydrate('r');
    expect(await again?.waitUntilComplete()).toMatchObject({ context: { diary: 'hello;' } });
    expect(two.trace).toEqual(['by ann', 'note hello']);
    expect(await store.inbox('r')).toEqual([]);
  });

  it('with one delivery id is one signal, whichever way and however often it comes', async () => {
    const { clock, store, here } = world(fresh);
    const [one, two] = [here(), here()];
    const run = one.cns.stimulate(order.createSignal('book'), { id: 'r' });
    await run.checkpoint();
    const hello = note.createSignal('hello');
    await two.cns.signal('r', hello, { deliveryId: 'n1' });
    await two.cns.signal('r', hello, { deliveryId: 'n1' });
    await one.cns.signal('r', hello, { deliveryId: 'n1' }); // lives there
    await clock.pass(RENEWAL);
    await settle();
    await two.cns.signal('r', hello, { deliveryId: 'n1' }); // was acknowledged
    await clock.pass(RENEWAL);
    await settle();
    expect(one.trace).toEqual(['order book', 'note hello']);
    expect(await store.inbox('r')).toEqual([]);
    await one.cns.close();
    const three = here();
    await three.cns.signal('r', hello, { deliveryId: 'n1' });
    const again = await three.cns.rehydrate('r');
    await three.cns.signal('r', approved.createSignal('ann'));
    expect(await again?.waitUntilComplete()).toMatchObject({ context: { diary: 'hello;' } });
    expect(three.trace).toEqual(['by ann']);
    await run.waitUntilComplete().catch(() => undefined);
  });

  it('starts activations whose ids follow from the delivery id, wherever it is sent and whatever came before it', async () => {
    const ids = await Promise.all(
      [true, false].map(async (isHere) => {
        const { clock, here } = world(fresh);
        const [one, two] = [here(), here()];
        const run = one.cns.stimulate(order.createSignal('book'), { id: 'r' });
        await run.checkpoint();
        if (isHere) await run.signal(note.createSignal('hello'));
        await (isHere ? one : two).cns.signal('r', approved.createSignal('ann'), { deliveryId: 'a1' });
        await clock.pass(RENEWAL);
        await run;
        return one.ids;
      }),
    );
    expect(ids[0]).toEqual([expect.stringMatching(/^r\/[0-9a-f]{16}$/)]);
    expect(ids[1]).toEqual(ids[0]);
  });
});

describe('what is in the inbox of a run', () => {
  it('stays there when the checkpoint that would hold it fails, and arrives once when the run goes on elsewhere', async () => {
    const { clock, store, here } = world((clock) => memoryStore({ clock }));
    let isBroken = false;
    const breaking = withOverrides(store, {
      save: (request) => (isBroken ? Promise.reject(new Error('disk full')) : store.save(request)),
    });
    const [one, two] = [here({ store: breaking }), here()];
    const run = one.cns.stimulate(order.createSignal('book'), { id: 'r' });
    await run.checkpoint();
    const ended = run.waitUntilComplete().catch((error: unknown) => error);
    await two.cns.signal('r', note.createSignal('hello'), { deliveryId: 'n1' });
    isBroken = true;
    await clock.pass(RENEWAL);
    expect(await ended).toMatchObject({ code: 'SAVE_FAILED' });
    expect(await store.inbox('r')).toHaveLength(1);
    const again = await two.cns.rehydrate('r');
    await two.cns.signal('r', approved.createSignal('ann'));
    expect(await again?.waitUntilComplete()).toMatchObject({ context: { diary: 'hello;' } });
    expect(two.trace).toEqual(['note hello', 'by ann']);
  });

  it('and is none that its graph can take stays with one warning, for a process that can; what comes after it is taken', async () => {
    const { clock, store, logger, here } = world((clock) => memoryStore({ clock }));
    const one = here();
    await one.cns.stimulate(order.createSignal('book'), { id: 'r' }).checkpoint();
    await one.cns.close();
    await store.post('r', { deliveryId: 'new', body: JSON.stringify({ v: { collateral: 'renamed', payload: 1 } }) });
    await store.post('r', { deliveryId: 'odd', body: JSON.stringify('nothing of ours') });
    await store.post('r', { deliveryId: 'n1', body: JSON.stringify({ v: { collateral: 'note', payload: 'hello' } }) });
    const old = here();
    await old.cns.rehydrate('r');
    await clock.pass(2 * RENEWAL);
    expect(old.trace).toEqual(['note hello']);
    const stays = 'cannot be delivered by this process, and stays in its inbox:';
    expect(logger.warnings).toEqual([
      expect.stringMatching(new RegExp(`^a signal for run "r" ${stays} .*renamed.*delivery id "new"`)),
      expect.stringContaining('delivery id "odd"'),
    ]);
    await old.cns.close();
    expect((await store.inbox('r')).map(({ deliveryId }) => deliveryId)).toEqual(['new', 'odd']);
    const renamed = collateral<number>('renamed');
    const taken: number[] = [];
    const late = neuron('late', {}).dendrite({ collateral: renamed, response: (n) => void taken.push(n) });
    const newer = here({}, [late]);
    const again = await newer.cns.rehydrate('r');
    await newer.cns.signal('r', approved.createSignal('ann'));
    await again?.waitUntilComplete();
    expect([newer.trace, taken]).toEqual([['by ann'], [1]]);
    expect(logger.warnings.at(-1)).toMatch(
      /^a signal for run "r" could not be delivered before it completed, and is dropped/,
    );
    expect(await store.inbox('r')).toEqual([]);
  });

  it('when the run completes stands in its result as unclaimed, once for each delivery id, also for who asks later', async () => {
    const { store, logger, here } = world((clock) => memoryStore({ clock }));
    const [one, two] = [here(), here()];
    const run = one.cns.stimulate(order.createSignal('book'), { id: 'r' });
    await run.signal(note.createSignal('hello'), { deliveryId: 'n1' });
    await two.cns.signal('r', approved.createSignal('bob'));
    await two.cns.signal('r', note.createSignal('hello'), { deliveryId: 'n1' });
    await two.cns.signal('r', note.createSignal('too late'));
    await one.cns.signal('r', approved.createSignal('ann')); // it ends before its next look at its inbox
    const unclaimed = [
      { collateral: 'approved', payload: 'bob' },
      { collateral: 'note', payload: 'too late' },
    ];
    expect(await run).toMatchObject({ context: { diary: 'hello;' }, unclaimed });
    expect([logger.warnings, await store.inbox('r')]).toEqual([[], []]);
    const again = await two.cns.rehydrate('r');
    expect(await again?.waitUntilComplete()).toMatchObject({ unclaimed });
  });

  it('when the run is aborted stays there, and arrives when the run is taken up again', async () => {
    const { store, here } = world((clock) => memoryStore({ clock }));
    const [one, two] = [here(), here()];
    const run = one.cns.stimulate(order.createSignal('book'), { id: 'r' });
    await run.checkpoint();
    const ended = caught(run);
    await two.cns.signal('r', approved.createSignal('bob'));
    run.abort('enough');
    expect(await ended).toMatchObject({ code: 'STIMULATION_ABORTED', reason: 'enough' });
    expect(await store.inbox('r')).toHaveLength(1);
    const again = await two.cns.rehydrate('r', { retry: true });
    expect(await again?.waitUntilComplete()).toMatchObject({ unclaimed: [] });
    expect([one.trace, two.trace]).toEqual([['order book'], ['by bob']]);
    expect(await store.inbox('r')).toEqual([]);
  });

  it('cannot come any more when the run has ended: also who has just seen it unfinished is refused', async () => {
    const { store, here } = world((clock) => memoryStore({ clock }));
    const one = here();
    const run = one.cns.stimulate(order.createSignal('book'), { id: 'r' });
    await run.checkpoint();
    const ends = async () => {
      await run.signal(approved.createSignal('ann'));
      await run;
    };
    const slow = withOverrides(store, {
      post: async (id, message) => {
        await ends();
        return store.post(id, message);
      },
    });
    expect(await caught(here({ store: slow }).cns.signal('r', note.createSignal('late')))).toMatchObject({
      code: 'UNDELIVERABLE_SIGNAL',
      message: expect.stringContaining('it has ended (completed)') as unknown,
    });
    expect(await store.inbox('r')).toEqual([]);
  });
});
