import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStore } from 'engram/adapters/memory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { approved, createCns, placeOrder, shipped } from '../../../machines/flows/order.js';
import { enter, readLedger } from '../../../machines/flows/order/ledger.js';
import { orderOf, type OrderRequest } from '../../../machines/flows/order/request.js';
import { begin, failuresOf, forms, frontierOf, type Going } from '../../support/forms.js';
import { live, rehydrated, type Story } from '../../support/lives.js';
import { ManualClock } from '../../support/manual-clock.js';
import { storeAt } from '../../support/stores.js';

const WEEK = 7 * 86_400_000;
/** Before which attempt to charge how many milliseconds are waited. */
const WAITS = [
  [2, 200],
  [3, 400],
  [4, 800],
] as const;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'engram-order-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const request = (more: Partial<OrderRequest> = {}): OrderRequest => {
  return { order: 'A-1', amount: 250, ledger: directory, ...more };
};
const books = async (): Promise<string[]> => {
  const lines = await readLedger(directory);
  return lines.map(({ did, approvedBy }) => (approvedBy === undefined ? did : `${did} (${approvedBy})`));
};

/** Handlers write files: turns go by until `holds` does. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) expect.fail(`never happened: ${holds}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
const ended = (going: Going) => until(() => going.context.status !== 'running');
const stands = (going: Going, frontier: string) => until(() => frontierOf(going).join() === frontier);

describe.each(forms)('an order (%s)', (form) => {
  const place = (more: Partial<OrderRequest> = {}) => {
    const clock = new ManualClock();
    const cns = createCns({ clock });
    return { clock, going: begin(form, cns, placeOrder.createSignal(request(more)), { output: shipped }) };
  };
  const approve = (going: Going, by: string) => going.send({ type: 'approved', payload: { by } });

  it('up to the limit is reserved, charged and shipped without asking anybody', async () => {
    const { going } = place({ amount: 1000 });
    await ended(going);
    expect(going.context).toMatchObject({ status: 'completed', settled: 5, output: { order: 'A-1' }, values: {} });
    expect(await books()).toEqual(['reserved', 'charged', 'shipped']);
  });

  it('above the limit waits, charged with nothing, and goes on when a person approves', async () => {
    const { going, clock } = place({ amount: 1000.01 });
    await stands(going, 'approve waiting');
    await clock.pass(WEEK - 1);
    expect(frontierOf(going)).toEqual(['approve waiting']);
    expect(await books()).toEqual(['reserved']);

    approve(going, 'Ann');
    await ended(going);
    expect(going.context.status).toBe('completed');
    expect(await books()).toEqual(['reserved', 'charged (Ann)', 'shipped (Ann)']);
    expect(clock.timers).toBe(0);
  });

  it('that nobody approves in time expires, and what was reserved is released', async () => {
    const { going, clock } = place({ amount: 2500, within: '2h' });
    await stands(going, 'approve waiting');
    await clock.pass(2 * 3_600_000 - 1);
    expect(going.context.status).toBe('running');
    await clock.pass(1);
    await ended(going);
    expect(going.context.status).toBe('failed');
    expect(failuresOf(going)).toEqual(['expire NON_RETRYABLE']);
    expect(await books()).toEqual(['reserved', 'released']);
  });

  it('that needs no approval keeps one that came all the same, unclaimed', async () => {
    const { going } = place({ amount: 10 });
    approve(going, 'Bo');
    await ended(going);
    expect(going.context.early).toMatchObject([{ collateral: 'approved', payload: { by: 'Bo' } }]);
    expect(await books()).toEqual(['reserved', 'charged', 'shipped']);
  });

  it('whose card is declined three times is charged at the fourth attempt, after 0.2, 0.4 and 0.8 seconds', async () => {
    const { going, clock } = place({ declines: 3 });
    for (const [attempt, wait] of WAITS) {
      await until(() => going.context.frontier[0]?.attempt === attempt);
      expect(going.context.frontier).toMatchObject([{ neuron: 'charge', state: 'delayed', due: clock.now() + wait }]);
      await clock.pass(wait - 1);
      expect(frontierOf(going)).toEqual(['charge delayed']);
      await clock.pass(1);
    }
    await ended(going);
    expect(going.context.status).toBe('completed');
    expect(await books()).toEqual(['reserved', 'charged', 'shipped']);
  });

  it('whose card is declined four times is not charged, and what was reserved is released', async () => {
    const { going, clock } = place({ declines: 4 });
    for (const [attempt, wait] of WAITS) {
      await until(() => going.context.frontier[0]?.attempt === attempt);
      await clock.pass(wait);
    }
    await ended(going);
    expect(going.context.status).toBe('failed');
    expect(failuresOf(going)).toEqual(['charge CARD_DECLINED']);
    expect(await books()).toEqual(['reserved', 'released']);
  });

  it('that nobody carries is refunded, then released, each line with the key of what it makes up for', async () => {
    const { going } = place({ strike: true });
    await ended(going);
    expect(going.context.status).toBe('failed');
    expect(failuresOf(going)).toEqual(['ship NON_RETRYABLE']);
    expect(await books()).toEqual(['reserved', 'charged', 'refunded', 'released']);
    const [reserved, charged, refunded, released] = await readLedger(directory);
    expect([refunded?.undoes, released?.undoes]).toEqual([charged?.key, reserved?.key]);
    expect(new Set((await readLedger(directory)).map(({ key }) => key)).size).toBe(4);
  });
});

describe('an order in a store', () => {
  const BASE = 1_700_000_000_000;
  /** The world approves what waits for it, and time goes by. */
  const storyOf = (more: Partial<OrderRequest>): Story => {
    const clocks = new Map<unknown, ManualClock>();
    return {
      id: 'order-1',
      make: (options) => {
        const clock = new ManualClock(BASE);
        const cns = createCns({ ...(options as { store: ReturnType<typeof memoryStore> }), clock });
        clocks.set(cns, clock);
        return { cns, effects: new Map() };
      },
      start: ({ cns }) => cns.stimulate(placeOrder.createSignal(request(more)), { id: 'order-1', output: shipped }),
      drive: async (run, { cns }) => {
        for (;;) {
          await until(() => run.status !== 'starting' && run.status !== 'running');
          if (run.status !== 'waiting') return;
          const [task] = run.getOutstandingTasks();
          if (task?.expects === 'approved') await run.signal(approved.createSignal({ by: 'Ann' }), { deliveryId: 'd' });
          else await clocks.get(cns)?.pass(100);
        }
      },
      // what this life has entered, in books that begin empty in each
      close: async ({ effects }) => {
        for (const { key, did } of await readLedger(directory)) (effects as Map<string, string>).set(key, did);
        await rm(join(directory, 'ledger.jsonl'), { force: true });
      },
    };
  };

  it.each([
    ['completes', {}, ['reserved', 'charged', 'shipped']],
    ['fails and is undone', { strike: true }, ['reserved', 'charged', 'refunded', 'released']],
  ])('that %s ends the same from each of its checkpoints, and does nothing twice (I8)', async (_how, more, lines) => {
    const story = storyOf({ amount: 2500, declines: 2, ...more });
    const first = await live(story, memoryStore());
    expect([...first.effects.values()]).toEqual(lines);
    expect(first.checkpoints.length).toBeGreaterThan(7);
    for (const { seq, settled } of first.checkpoints) {
      const second = await live(story, await storeAt(first.store, story.id, seq), rehydrated(story.id));
      expect(second.end, `from checkpoint ${seq}`).toEqual(first.end);
      const left = [...first.effects].filter(([activation]) => !settled.has(activation));
      expect([...second.effects], `entered after checkpoint ${seq}`).toEqual(left);
    }
  });
});

describe('what an order may be', () => {
  it.each([
    [{ amount: 0 }, 'amount'],
    [{ amount: '5' }, 'amount'],
    [{ order: '' }, 'order'],
    [{ ledger: '' }, 'ledger'],
    [{ limit: -1 }, 'limit'],
    [{ within: 'soon' }, 'within'],
    [{ within: '-2h' }, 'within'],
    [{ declines: 1.5 }, 'declines'],
    [{ strike: 'yes' }, 'strike'],
  ])('%j is refused before anything is entered', async (wrong, field) => {
    const signal = placeOrder.createSignal({ ...request(), ...wrong } as OrderRequest);
    expect(() => createCns().stimulate(signal)).toThrow(new RegExp(`"placeOrder" does not fit its schema: ${field}: `));
    expect(await readLedger(directory)).toEqual([]);
  });

  it('an approval that names nobody is refused, and the order waits on', async () => {
    const run = createCns({ clock: new ManualClock() }).stimulate(placeOrder.createSignal(request({ amount: 2500 })));
    await until(() => run.status === 'waiting');
    await expect(run.signal(approved.createSignal({ by: '' }))).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    expect(run.status).toBe('waiting');
  });
});

describe('the ledger', () => {
  const given = () => orderOf(request());
  const by = (activationId: string, undoes?: string) => ({ activationId, undoes });
  const text = () => readFile(join(directory, 'ledger.jsonl'), 'utf8');

  it('holds what was done once, however often it is entered', async () => {
    await enter(given(), by('r/1'), 'reserved');
    await enter(given(), by('r/1'), 'reserved');
    await enter(given(), by('r/2', 'r/1'), 'released');
    expect(await text()).toBe(
      `{"key":"r/1","did":"reserved","order":"A-1","amount":250}
{"key":"r/2","did":"released","order":"A-1","amount":250,"undoes":"r/1"}
`,
    );
  });

  it('takes a line that a kill has torn for not entered, and goes on below it', async () => {
    await enter(given(), by('r/1'), 'reserved');
    await appendFile(join(directory, 'ledger.jsonl'), '{"key":"r/2","di');
    expect((await readLedger(directory)).map(({ key }) => key)).toEqual(['r/1']);
    await enter(given(), by('r/2'), 'charged');
    expect((await readLedger(directory)).map(({ key, did }) => [key, did])).toEqual([
      ['r/1', 'reserved'],
      ['r/2', 'charged'],
    ]);
  });

  it('that cannot be read is no empty one', async () => {
    await rm(directory, { recursive: true });
    await writeFile(directory, 'a file where a directory should be');
    await expect(enter(given(), by('r/1'), 'reserved')).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});
