import {
  CNS,
  collateral,
  neuron,
  StimulationAbortedError,
  StimulationFailedError,
  UnwantedAnswerError,
  withCtx,
  type CNSOptions,
  type ResponseInfo,
} from 'engram';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { caught } from '../support/caught.js';
import { begin, failuresOf, forms } from '../support/forms.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

const order = collateral<string>('order');
const reserved = collateral<string>('reserved');
const charged = collateral<string>('charged');
const packed = collateral<string>('packed');

interface Undoing {
  readonly undoes: string | undefined;
  readonly activationId: string;
  readonly attempt: number;
}
type Undo = (what: string, ctx: Undoing) => void | PromiseLike<void>;

/** order -> reserve -> charge -> pack -> ship, which fails; all but `ship` can be undone. */
function shop({
  undo = () => undefined,
  fails = true,
  ...options
}: CNSOptions & { undo?: Undo; fails?: boolean } = {}) {
  const trace: string[] = [];
  const ids = new Map<string, string>();
  const note = (what: string, id: string) => {
    trace.push(what);
    ids.set(what, id);
  };
  const undoing = (name: string) => (text: string, _axon: unknown, ctx: Undoing) => {
    note(`undo ${name} ${text}`, ctx.activationId);
    return undo(name, ctx);
  };
  const reserve = neuron('reserve', { reserved })
    .dendrite({
      collateral: order,
      response: (text, axon, ctx) => {
        note(`reserve ${text}`, ctx.activationId);
        return axon.reserved.createSignal(`${text}'`);
      },
    })
    .compensate(undoing('reserve'));
  const charge = neuron('charge', { charged })
    .dendrite({
      collateral: reserved,
      response: async (text, axon, ctx) => {
        await null;
        note(`charge ${text}`, ctx.activationId);
        return axon.charged.createSignal(`${text}'`);
      },
    })
    .compensate(undoing('charge'));
  const pack = neuron('pack', { packed })
    .dendrite({
      collateral: charged,
      response: (text, axon, ctx) => {
        note(`pack ${text}`, ctx.activationId);
        return axon.packed.createSignal(`${text}'`);
      },
    })
    .compensate(undoing('pack'));
  const ship = neuron('ship', {}).dendrite({
    collateral: packed,
    response: (text, _axon, ctx) => {
      note(`ship ${text}`, ctx.activationId);
      if (fails) throw new RangeError('no ship');
    },
  });
  const clock = new ManualClock();
  const logger = recordingLogger();
  const cns = new CNS([reserve, charge, pack, ship], { clock, logger, ...options });
  return { cns, trace, ids, clock, logger };
}

const FORTH = ['reserve x', "charge x'", "pack x''", "ship x'''"];
const BACK = ["undo pack x''", "undo charge x'", 'undo reserve x'];

describe.each(forms)('compensation in the form %s', (form) => {
  it('undoes a failed run in reverse order of settlement, each activation once, with its payload', async () => {
    const { cns, trace } = shop();
    const run = begin(form, cns, order.createSignal('x'));
    await quiet();
    expect(trace).toEqual([...FORTH, ...BACK]);
    expect(run.context).toMatchObject({ status: 'failed', frontier: [], owed: [], settled: 7 });
    expect(failuresOf(run)).toEqual(['ship no ship']);
  });

  it('undoes nothing of a run that completes, nor of one that is aborted plainly', async () => {
    const good = shop({ fails: false });
    expect(begin(form, good.cns, order.createSignal('x')).context.status).toBe('running');
    await quiet();
    expect(good.trace).toEqual(FORTH);

    const { cns, trace } = shop();
    const run = begin(form, cns, order.createSignal('x'));
    run.send({ type: 'engram.abort', reason: 'enough' });
    await quiet();
    expect(trace).toEqual(FORTH.slice(0, 2));
    expect(run.context).toMatchObject({ status: 'aborted', owed: [{ neuron: 'reserve' }, { neuron: 'charge' }] });
  });

  it('undoes what has settled of a run that is aborted with it, after what still runs has ended', async () => {
    const { cns, trace } = shop();
    const run = begin(form, cns, order.createSignal('x'));
    run.send({ type: 'engram.abort', reason: 'enough', compensate: true });
    expect(run.context.ending).toEqual({ status: 'aborted', compensate: true });
    await quiet();
    expect(trace).toEqual(['reserve x', "charge x'", "undo charge x'", 'undo reserve x']);
    expect(run.context).toMatchObject({ status: 'aborted', owed: [] });
    expect(failuresOf(run)).toEqual(['pack ABORTED']);
  });

  it('begins no compensation before the one before it has ended', async () => {
    const opens: (() => void)[] = [];
    const { cns, trace } = shop({ undo: () => new Promise<void>((resolve) => opens.push(resolve)) });
    const run = begin(form, cns, order.createSignal('x'));
    for (let i = 1; i <= BACK.length; i++) {
      await quiet();
      expect(trace).toEqual([...FORTH, ...BACK.slice(0, i)]);
      expect(run.context.frontier.map(({ neuron: name, dendrite, state }) => [name, dendrite, state])).toEqual([
        [['pack', 'charge', 'reserve'][i - 1], 'undo', 'running'],
      ]);
      opens[i - 1]?.();
    }
    await quiet();
    expect(run.context.status).toBe('failed');
  });

  it('follows the order in which activations settled, not that in which they started', async () => {
    const opens = new Map<string, () => void>();
    const trace: string[] = [];
    const slow = neuron('slow', {})
      .dendrite({
        collateral: order,
        response: (text) => new Promise<void>((resolve) => void opens.set(text, resolve)),
      })
      .compensate((text) => void trace.push(`undo ${text}`));
    const fails = neuron('fails', {}).dendrite({
      collateral: order,
      response: (text) => {
        if (text === 'c') throw new RangeError('no c');
      },
    });
    const run = begin(
      form,
      new CNS([slow, fails], { logger: recordingLogger() }),
      ['a', 'b', 'c'].map((text) => order.createSignal(text)),
    );
    for (const text of ['b', 'c', 'a']) {
      opens.get(text)?.();
      await quiet();
    }
    expect(trace).toEqual(['undo a', 'undo c', 'undo b']);
    expect(run.context.status).toBe('failed');
  });

  it('goes on with the others when one fails, which is reported after the first cause', async () => {
    const undo: Undo = (name) => {
      if (name === 'pack') throw new TypeError('no unpacking');
      if (name === 'charge') return Promise.reject(new TypeError('no refund'));
    };
    const { cns, trace } = shop({ undo });
    const run = begin(form, cns, order.createSignal('x'));
    await quiet();
    expect(trace).toEqual([...FORTH, ...BACK]);
    expect(failuresOf(run)).toEqual(['ship no ship', 'pack no unpacking', 'charge no refund']);
    expect(run.context.failed.map(({ dendrite, aborted }) => [dendrite, aborted])).toEqual([
      ['packed#0', false],
      ['undo', false],
      ['undo', false],
    ]);
  });

  it('that returns a signal is a failure, and the others are still undone', async () => {
    const undo = () => order.createSignal('again') as never;
    const { cns, trace } = shop({ undo });
    const run = begin(form, cns, order.createSignal('x'));
    await quiet();
    expect(trace).toEqual([...FORTH, ...BACK]);
    expect(failuresOf(run)).toEqual([
      'ship no ship',
      'pack UNWANTED_ANSWER',
      'charge UNWANTED_ANSWER',
      'reserve UNWANTED_ANSWER',
    ]);
    expect(run.context.failed[1]?.error).toBeInstanceOf(UnwantedAnswerError);
  });

  it('gives each compensation an id of its own, stable, and the id of what it undoes', async () => {
    const undone: [string, string | undefined, string][] = [];
    const undo: Undo = (name, { undoes, activationId }) => void undone.push([name, undoes, activationId]);
    const lives = [shop({ undo }), shop({ undo })];
    for (const { cns } of lives) {
      begin(form, cns, order.createSignal('x'));
      await quiet();
    }
    const { ids } = lives[0] as (typeof lives)[number];
    const [first, second] = [undone.slice(0, 3), undone.slice(3)];
    expect(first.map(([name, undoes]) => [name, undoes])).toEqual([
      ['pack', ids.get("pack x''")],
      ['charge', ids.get("charge x'")],
      ['reserve', ids.get('reserve x')],
    ]);
    expect(second).toEqual(first);
    const all = [...ids.values()];
    expect(all).toHaveLength(7);
    expect(new Set(all).size).toBe(7);
    for (const id of all) expect(id).toMatch(/^run\/[0-9a-f]{16}$/);
  });

  it('is refused signals from outside while it undoes', async () => {
    let open!: () => void;
    const { cns, trace } = shop({ undo: () => new Promise<void>((resolve) => (open = resolve)) });
    const run = begin(form, cns, order.createSignal('x'));
    await quiet();
    run.send({ type: 'order', payload: 'late' });
    open();
    await quiet();
    expect(trace).not.toContain('reserve late');
  });

  it('reads and writes the context value of its neuron', async () => {
    const seen: unknown[] = [];
    const count = withCtx<number>()
      .neuron('count', {})
      .dendrite({ collateral: order, response: (_text, _axon, ctx) => ctx.update((n = 0) => n + 1) })
      .compensate((text, _axon, ctx) => {
        seen.push([text, ctx.get()]);
        ctx.update((n = 0) => n - 1);
      });
    const fails = neuron('fails', {}).dendrite({
      collateral: order,
      response: (text) => {
        if (text === 'b') throw new RangeError('no b');
      },
    });
    const cns = new CNS([count, fails], { logger: recordingLogger() });
    const run = begin(
      form,
      cns,
      ['a', 'b'].map((text) => order.createSignal(text)),
    );
    await quiet();
    expect(seen).toEqual([
      ['b', 2],
      ['a', 1],
    ]);
    expect(run.context.values).toEqual({ count: 0 });
  });

  it('I1: commits nothing of a compensation that fails', async () => {
    const set = withCtx<string>()
      .neuron('set', {})
      .dendrite({ collateral: order, response: (text, _axon, ctx) => ctx.set(text) })
      .compensate((_text, _axon, ctx) => {
        ctx.delete();
        throw new TypeError('no');
      });
    const fails = neuron('fails', {}).dendrite({
      collateral: order,
      response: () => Promise.reject(new RangeError('x')),
    });
    const run = begin(form, new CNS([set, fails], { logger: recordingLogger() }), order.createSignal('kept'));
    await quiet();
    expect(run.context).toMatchObject({ status: 'failed', values: { set: 'kept' } });
  });

  it('is tried again, and limited in time, as the policy of its neuron says', async () => {
    const clock = new ManualClock();
    const trace: string[] = [];
    const start = clock.now();
    const take = neuron('take', {})
      .dendrite({ collateral: order, response: () => undefined })
      .compensate((text, _axon, ctx) => {
        trace.push(`undo ${text} ${ctx.attempt} at ${clock.now() - start}`);
        if (ctx.attempt === 1) throw new TypeError('not now');
        if (ctx.attempt === 3) return;
        return new Promise<void>((resolve) => {
          ctx.abortSignal.addEventListener('abort', () => {
            trace.push(`too long at ${clock.now() - start}`);
            resolve();
          });
        });
      })
      .retry({ attempts: 3, backoff: 'constant', initial: 100 })
      .setMaxDuration(1000);
    const fails = neuron('fails', {}).dendrite({
      collateral: order,
      response: () => {
        throw new RangeError('boom');
      },
    });
    const run = begin(form, new CNS([take, fails], { clock, logger: recordingLogger() }), order.createSignal('x'));
    await clock.pass(2000);
    expect(trace).toEqual(['undo x 1 at 0', 'undo x 2 at 100', 'too long at 1100', 'undo x 3 at 1200']);
    expect(failuresOf(run)).toEqual(['fails boom']);
    expect(run.context.status).toBe('failed');
  });

  it('takes a slot of the gate of its neuron', async () => {
    const opens: (() => void)[] = [];
    const trace: string[] = [];
    const wait = () => new Promise<void>((resolve) => opens.push(resolve));
    const take = neuron('take', {})
      .setConcurrency(1)
      .dendrite({
        collateral: order,
        response: (text) => {
          trace.push(text);
          return text === 'long' ? wait() : undefined;
        },
      })
      .compensate((text) => void trace.push(`undo ${text}`));
    const fails = neuron('fails', {}).dendrite({
      collateral: order,
      response: (text) => {
        if (text === 'x') return wait().then(() => Promise.reject(new RangeError('boom')));
      },
    });
    const cns = new CNS([take, fails], { logger: recordingLogger() });
    const run = begin(form, cns, order.createSignal('x'), { id: 'x' });
    await quiet();
    begin(form, cns, order.createSignal('long'), { id: 'long' });
    opens[0]?.();
    await quiet();
    expect(trace).toEqual(['x', 'long']);
    expect(run.context.frontier.map(({ dendrite, state }) => [dendrite, state])).toEqual([['undo', 'gated']]);
    opens[1]?.();
    await quiet();
    expect(trace).toEqual(['x', 'long', 'undo x']);
    expect(run.context.status).toBe('failed');
  });

  it('stops undoing at a plain abort: what undoes may finish, what waits for its next attempt is a failed task', async () => {
    const clock = new ManualClock();
    const trace: string[] = [];
    const make = (name: string) =>
      neuron(name, {})
        .dendrite({ collateral: order, response: () => undefined })
        .compensate((text) => {
          trace.push(`undo ${name} ${text}`);
          if (name === 'second') throw new TypeError('not now');
        })
        .retry({ attempts: 2, initial: 1000 });
    const fails = neuron('fails', {}).dendrite({
      collateral: order,
      response: () => {
        throw new RangeError('boom');
      },
    });
    const cns = new CNS([make('first'), make('second'), fails], { clock, logger: recordingLogger() });
    const run = begin(form, cns, order.createSignal('x'));
    await clock.pass(500);
    expect(trace).toEqual(['undo second x']);
    run.send({ type: 'engram.abort', reason: 'enough' });
    await clock.pass(5000);
    expect(trace).toEqual(['undo second x']);
    expect(failuresOf(run)).toEqual(['fails boom', 'second ABORTED']);
    expect(run.context).toMatchObject({
      status: 'aborted',
      failed: [{ aborted: false }, { dendrite: 'undo', attempt: 2, aborted: true }],
      owed: [{ neuron: 'first' }],
    });
    expect(clock.timers).toBe(0);
  });
});

describe('a run that undoes', () => {
  const failing = (name: string) => (undone: string) => {
    if (undone === name) throw new TypeError(`no undoing of ${name}`);
  };

  it('rejects with the first cause first, then with what could not be undone, each named with its place', async () => {
    const { cns } = shop({ undo: failing('charge') });
    const run = cns.stimulate(order.createSignal('x'), { id: 'r' });
    const error = (await caught(run)) as StimulationFailedError;
    expect(error).toBeInstanceOf(StimulationFailedError);
    expect(error.errors).toMatchObject([{ message: 'no ship' }, { message: 'no undoing of charge' }]);
    expect(error.cause).toBe(error.errors[0]);
    expect(error.message).toBe(
      'run "r" failed, 2 causes:\n' +
        '  - neuron "ship" on "packed": no ship\n' +
        '  - neuron "charge" when it was to undo what it did: no undoing of charge',
    );
    const undone = run.getFailedTasks()[1]?.task;
    expect(undone).toMatchObject({ neuron: 'charge', dendrite: 'undo', payload: "x'" });
    expect(undone?.undoes).toMatch(/^r\/[0-9a-f]{16}$/);
  });

  it('rejects, when it was aborted, with the reason of that, and beside it with what could not be undone', async () => {
    const { cns, trace } = shop({ undo: failing('reserve') });
    const run = cns.stimulate(order.createSignal('x'));
    const reason = new RangeError('changed my mind');
    run.abort(reason, { compensate: true });
    const error = (await caught(run)) as StimulationAbortedError;
    expect(error).toBeInstanceOf(StimulationAbortedError);
    expect(error).toMatchObject({ reason, cause: reason, errors: [{ message: 'no undoing of reserve' }] });
    expect(trace).toEqual(['reserve x', "charge x'", "undo charge x'", 'undo reserve x']);
  });

  it('sees in the compensations of an aborted run a signal that has not fired', async () => {
    const seen: boolean[] = [];
    const take = neuron('take', { reserved })
      .dendrite({ collateral: order, response: (text, axon) => axon.reserved.createSignal(text) })
      .compensate(async (_text, _axon, ctx) => {
        seen.push(ctx.abortSignal.aborted);
        await null;
        seen.push(ctx.abortSignal.aborted);
      });
    const slow = neuron('slow', {}).dendrite({
      collateral: reserved,
      response: (_text, _axon, ctx) =>
        new Promise<void>((resolve) => ctx.abortSignal.addEventListener('abort', () => resolve())),
    });
    const run = new CNS([take, slow], { logger: recordingLogger() }).stimulate(order.createSignal('x'));
    run.abort('enough', { compensate: true });
    await caught(run);
    expect(seen).toEqual([false, false]);
  });

  it('counts what is still to be undone: queueLength is 0 exactly on the last response', async () => {
    const heard: [string, number, number, number][] = [];
    const onResponse = ({ neuron: name, pendingActivations, activeActivations, queueLength }: ResponseInfo) =>
      heard.push([name, pendingActivations, activeActivations, queueLength]);
    const { cns } = shop({
      undo: async () => {
        await null;
      },
    });
    await caught(cns.stimulate(order.createSignal('x'), { onResponse }));
    expect(heard).toEqual([
      ['reserve', 1, 0, 1],
      ['charge', 1, 0, 1],
      ['pack', 1, 0, 1],
      ['ship', 3, 0, 3],
      ['pack', 2, 0, 2],
      ['charge', 1, 0, 1],
      ['reserve', 0, 0, 0],
    ]);
  });

  it('counts, when it was aborted with compensation, what is to be undone on the last response before that', async () => {
    const heard: [string, number][] = [];
    const onResponse = ({ neuron: name, queueLength }: ResponseInfo) => heard.push([name, queueLength]);
    const { cns } = shop();
    const run = cns.stimulate(order.createSignal('x'), { onResponse });
    run.abort('enough', { compensate: true });
    await caught(run);
    expect(heard).toEqual([
      ['reserve', 1],
      ['charge', 2],
      ['charge', 1],
      ['reserve', 0],
    ]);
  });

  it('tells a listener of each compensation: its own id, the payload that is undone, the error that it ends with', async () => {
    const heard: unknown[] = [];
    const { cns, ids } = shop({ undo: failing('charge') });
    const onResponse = ({ activationId, inputSignal, error, outputSignal }: ResponseInfo) =>
      heard.push([activationId, inputSignal, (error as Error | undefined)?.message, outputSignal]);
    await caught(cns.stimulate(order.createSignal('x'), { onResponse, id: 'run' }));
    const undo = { collateral: 'undo' };
    expect(heard.slice(4)).toEqual([
      [ids.get("undo pack x''"), { ...undo, payload: "x''" }, undefined, undefined],
      [ids.get("undo charge x'"), { ...undo, payload: "x'" }, 'no undoing of charge', undefined],
      [ids.get('undo reserve x'), { ...undo, payload: 'x' }, undefined, undefined],
    ]);
  });

  it('undoes in the order of settlement also what one neuron did many times, 10,000 times', async () => {
    const undone: number[] = [];
    const many = collateral<number>('many');
    const spread = neuron('spread', { many }).dendrite({
      collateral: order,
      response: (_text, axon) => Array.from({ length: 10_000 }, (_, i) => axon.many.createSignal(i)),
    });
    const take = neuron('take', {})
      .dendrite({ collateral: many, response: () => undefined })
      .compensate((i) => void undone.push(i));
    const fails = neuron('fails', {}).dendrite({
      collateral: order,
      response: () => {
        throw new RangeError('boom');
      },
    });
    const run = new CNS([spread, take, fails], { logger: recordingLogger() }).stimulate(order.createSignal('x'));
    await caught(run);
    expect(undone).toEqual(Array.from({ length: 10_000 }, (_, i) => 9999 - i));
    expect(run.getFailedTasks()).toHaveLength(1);
  });
});

describe('compensate()', () => {
  it('is given the payloads of the dendrites before it', () => {
    const number = collateral<number>('number');
    const typed = neuron('typed', {})
      .dendrite({ collateral: order, response: () => undefined })
      .dendrite({ collateral: number, response: () => undefined })
      .compensate((payload) => void expectTypeOf(payload).toEqualTypeOf<string | number>());
    expect(new CNS([typed]).network.neurons).toEqual(['typed']);
  });

  it('is refused a second time, and without a function', async () => {
    const once = () =>
      neuron('n', {})
        .dendrite({ collateral: order, response: () => undefined })
        .compensate(() => undefined);
    expect(await caught(() => once().compensate(() => undefined))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await caught(() => neuron('n', {}).compensate(undefined as never))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
