import { CNS, collateral, neuron, UnknownCollateralError, withCtx, type Stimulation } from 'engram';
import { toLogic, toMachine } from 'engram/machines';
import { describe, expect, it } from 'vitest';
import { createActor, type AnyActorLogic } from 'xstate';
import { recordingLogger } from '../support/recording-logger.js';

const go = collateral<string>('go');
const poke = collateral<string>('poke');
const read = collateral('read');

describe('a snapshot that is read in the middle of a turn', () => {
  it.each([true, false])('and is older than it shows what was true when it was made (read then: %s)', (isRead) => {
    const inTurn: unknown[] = [];
    const look = () => {
      if (isRead) inTurn.push(old.context);
    };
    const wait = neuron('wait', {}).dendrite({ collateral: go, response: () => new Promise<void>(() => undefined) });
    const write = withCtx<number>()
      .neuron('write', { read })
      .dendrite({
        collateral: poke,
        response: (_text, axon, ctx) => {
          ctx.set(7);
          return axon.read.createSignal();
        },
      });
    const reader = neuron('reader', {}).dendrite({ collateral: read, response: look });
    const cns = new CNS([wait, write, reader], { logger: recordingLogger() });
    const input = { id: 'q', signals: [{ collateral: 'go', payload: '' }] };
    const actor = createActor(toLogic(cns), { input }).start();
    const expected = structuredClone(actor.getPersistedSnapshot()) as unknown as { context: unknown };
    const old = actor.getSnapshot();
    actor.send({ type: 'poke', payload: '' });
    expect(inTurn).toEqual(isRead ? [expected.context] : []);
    expect(old.context).toEqual(expected.context);
    expect(actor.getSnapshot().context.values).toEqual({ write: 7 });
  });

  it('and is the newest is fresh at every read', async () => {
    const runs: Stimulation[] = [];
    const reads: unknown[] = [];
    const look = () => {
      for (const { actor } of runs) {
        const { settled, values } = actor.getSnapshot().context;
        reads.push({ settled, values: { ...values } });
      }
    };
    const first = neuron('first', { poke }).dendrite({
      collateral: go,
      response: (text, axon) => Promise.resolve(axon.poke.createSignal(text)),
    });
    const write = withCtx<number>()
      .neuron('write', { read })
      .dendrite({
        collateral: poke,
        response: (_text, axon, ctx) => {
          look();
          ctx.set(1);
          return axon.read.createSignal();
        },
      });
    const reader = neuron('reader', {}).dendrite({ collateral: read, response: look });
    const run = new CNS([first, write, reader], { logger: recordingLogger() }).stimulate(go.createSignal(''));
    runs.push(run);
    void run.actor;
    await run;
    look();
    expect(reads).toEqual([
      { settled: 1, values: {} },
      { settled: 2, values: { write: 1 } },
      { settled: 3, values: { write: 1 } },
    ]);
  });
});

describe('an input of a collateral that the graph does not have', () => {
  const cns = new CNS([neuron('n', {}).dendrite({ collateral: go, response: () => undefined })]);
  const inputs = {
    entry: { id: 'q', signals: [{ collateral: 'typo', payload: 1 }] },
    output: { id: 'q', signals: [{ collateral: 'go', payload: '' }], output: 'typo' },
  };
  const forms: readonly (readonly [string, AnyActorLogic, keyof typeof inputs])[] = [
    ['the logic', toLogic(cns), 'entry'],
    ['the logic', toLogic(cns), 'output'],
    ['the statechart', toMachine(cns), 'entry'],
    ['the statechart', toMachine(cns), 'output'],
  ];

  it.each(forms)('is an error of %s, and no end: %s', (_form, logic, where) => {
    const actor = createActor(logic, { input: inputs[where] });
    actor.subscribe({ error: () => undefined });
    actor.start();
    const { status, error } = actor.getSnapshot() as { status: string; error: unknown };
    expect(status).toBe('error');
    expect(error).toBeInstanceOf(UnknownCollateralError);
  });
});
