import { CNS, collateral, expect as expectSignal, GraphMismatchError, neuron, type Store } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { heldStore } from '../support/stores.js';

const order = collateral<string>('order');
const paid = collateral<string>('paid');
const approved = collateral<string>('approved');

/** Charges, and ships while the carrier is there; what was charged can be refunded, unless the bank is away. */
function shop(store: Store, away: { carrier: boolean; bank?: boolean }, name = 'shop') {
  const ledger: string[] = [];
  const charge = neuron('charge', { paid })
    .dendrite({
      collateral: order,
      response: (what, axon) => {
        ledger.push('charge');
        return axon.paid.createSignal(what);
      },
    })
    .milestone()
    .compensate(() => {
      if (away.bank === true) throw new Error('the bank is away');
      ledger.push('refund');
    });
  const ship = neuron('ship', {}).dendrite({
    collateral: paid,
    response: () => {
      if (away.carrier) throw new Error('the carrier is away');
      ledger.push('ship');
    },
  });
  return { cns: new CNS([charge, ship], { name, store, logger: recordingLogger() }), ledger };
}

describe('a run that fails', () => {
  it('undoes nothing before its failure is stored: killed until then, it may still succeed', async () => {
    const inner = memoryStore();
    const held = heldStore(inner);
    const { cns, ledger } = shop(held.store, { carrier: true });
    cns.stimulate(order.createSignal('book'), { id: 'r' });
    await (await held.next()).acknowledge(); // the entry
    await (await held.next()).acknowledge(); // the milestone
    const failure = await held.next();
    await quiet();
    expect(ledger).toEqual(['charge']);
    await failure.acknowledge();
    await quiet();
    expect(ledger).toEqual(['charge', 'refund']);
    held.open();
  });

  it('and was undone is not taken up again by a retry: it comes back as it ended', async () => {
    const store = memoryStore();
    const away = { carrier: true };
    const { cns, ledger } = shop(store, away);
    await caught(cns.stimulate(order.createSignal('book'), { id: 'r' }));
    away.carrier = false;
    const [run] = [await cns.rehydrate('r', { retry: true })];
    expect(run?.status).toBe('failed');
    expect(ledger).toEqual(['charge', 'refund']);
  });

  it('and could not be undone is undone by a retry, and stays failed by what failed first', async () => {
    const store = memoryStore();
    const away = { carrier: true, bank: true };
    const { cns, ledger } = shop(store, away);
    await caught(cns.stimulate(order.createSignal('book'), { id: 'r' }));
    Object.assign(away, { carrier: false, bank: false });
    const [run] = [await cns.rehydrate('r', { retry: true })];
    const error = (await caught(run?.waitUntilComplete() as Promise<unknown>)) as { errors: readonly Error[] };
    expect(error.errors.map(({ message }) => message)).toEqual(['the carrier is away']);
    expect(ledger).toEqual(['charge', 'refund']);
  });
});

describe('an id that is taken by a run of another flow', () => {
  it('is refused to a start and to a rehydration, also when that run has ended', async () => {
    const store = memoryStore();
    await shop(store, { carrier: false }).cns.stimulate(order.createSignal('book'), { id: 'r' });
    const other = shop(store, { carrier: false }, 'mail');
    expect(await caught(other.cns.stimulate(order.createSignal('book'), { id: 'r' }))).toBeInstanceOf(
      GraphMismatchError,
    );
    expect(await caught(other.cns.rehydrate('r'))).toBeInstanceOf(GraphMismatchError);
    expect(other.ledger).toEqual([]);
  });
});

describe('a signal', () => {
  const clerkOf = (store: Store) => {
    const taken: string[] = [];
    const clerk = neuron('clerk', {})
      .expects(approved)
      .dendrite({ collateral: order, response: () => expectSignal(approved) })
      .dendrite({ collateral: approved, response: (by) => void taken.push(by) });
    return { cns: new CNS([clerk], { store, logger: recordingLogger() }), taken };
  };

  it('that a run took before it ended is taken again without complaint, here and elsewhere, and counts once', async () => {
    const store = memoryStore();
    const { cns, taken } = clerkOf(store);
    const run = cns.stimulate(order.createSignal('book'), { id: 'r' });
    await run.signal(approved.createSignal('ann'), { deliveryId: 'mail-1' });
    await run;
    await run.signal(approved.createSignal('ann'), { deliveryId: 'mail-1' });
    await clerkOf(store).cns.signal('r', approved.createSignal('ann'), { deliveryId: 'mail-1' });
    expect(taken).toEqual(['ann']);
  });

  it('that comes while its start turns out to be a stored run reaches that run', async () => {
    const store = memoryStore();
    const first = clerkOf(store);
    first.cns.stimulate(order.createSignal('book'), { id: 'r' });
    await quiet();
    await first.cns.close();
    const { cns, taken } = clerkOf(store);
    const run = cns.stimulate(order.createSignal('book'), { id: 'r' });
    await run.signal(approved.createSignal('ann'));
    await run;
    expect(taken).toEqual(['ann']);
  });
});

describe('a join that never completes', () => {
  it('fails 200,000 arrivals without a throw out of the scheduler', async () => {
    const item = collateral<number>('item');
    const other = collateral('other');
    const spread = neuron('spread', { item }).dendrite({
      collateral: order,
      response: (_what, axon) => Array.from({ length: 200_000 }, (_, i) => axon.item.createSignal(i)),
    });
    const meet = neuron('meet', {}).join({ item, other }, () => undefined);
    const run = new CNS([spread, meet], { logger: recordingLogger() }).stimulate(order.createSignal('book'));
    expect(await caught(run)).toMatchObject({ code: 'STIMULATION_FAILED', errors: [{ code: 'INCOMPLETE_JOIN' }] });
    expect(run.getFailedTasks()).toHaveLength(200_000);
  });
});
