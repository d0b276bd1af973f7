/** What the differential property has found once, as small as it gets. */
import { CNS, collateral, neuron } from 'engram';
import { toLogic, toMachine } from 'engram/machines';
import { describe, expect, it } from 'vitest';
import { type AnyActorLogic, createActor } from 'xstate';
import { createOrders, input, settled } from './orders.js';

const go = collateral<number>('go');
const forms: [string, (cns: CNS) => AnyActorLogic][] = [
  ['statechart', (cns) => toMachine(cns)],
  ['logic', (cns) => toLogic(cns, { hops: 'turn' })],
  ['logic per event', (cns) => toLogic(cns, { hops: 'event' })],
];

describe.each(forms)('the %s', (_form, logicOf) => {
  it('settles a milestone once, when its outcome came in from elsewhere before its handler answered (I1)', async () => {
    let answer: () => void = () => undefined;
    const done = collateral<number>('done');
    const slow = neuron('slow', { done })
      .dendrite({
        collateral: go,
        response: (id, axon) => new Promise((resolve) => (answer = () => resolve(axon.done.createSignal(id)))),
      })
      .milestone();
    const last = neuron('last', {}).dendrite({ collateral: done, response: () => undefined });
    const signals = [{ collateral: 'go', payload: 1 }];
    const actor = createActor(logicOf(new CNS([slow, last])), { input: { id: 'run', signals, hold: true } }).start();
    const { activation } = actor.getSnapshot().context.frontier[0];
    actor.send({ type: 'slow:responded', activation, signals: [{ collateral: 'done', payload: 2 }] });
    const before = actor.getSnapshot().context;
    answer();
    await settled();
    expect(actor.getSnapshot().context).toEqual(before);
    expect(before).toMatchObject({ settled: 1, barriers: [{ activation }], frontier: [{ payload: 2, state: 'held' }] });
    actor.stop();
  });

  it('starts once: a second first event is not accepted', () => {
    const actor = createActor(logicOf(createOrders().cns), { input }).start();
    const before = actor.getSnapshot().context;
    const again = { type: 'xstate.init', input: { id: 'again', signals: input.signals } };
    expect(actor.getSnapshot().can(again)).toBe(false);
    actor.send(again);
    expect(actor.getSnapshot().context).toEqual(before);
    actor.stop();
  });

  it('names a wrong answer before a change that threw, in whatever way the handler answered', async () => {
    const other = collateral<number>('other');
    const wrong = (isAsync: boolean) =>
      neuron(isAsync ? 'later' : 'now', {}).dendrite({
        collateral: go,
        response: (id, _axon, ctx) => {
          ctx.update(() => {
            throw new Error('the change threw');
          });
          const answer = other.createSignal(id) as never;
          return isAsync ? Promise.resolve(answer) : answer;
        },
      });
    const signals = [{ collateral: 'go', payload: 1 }];
    const actor = createActor(logicOf(new CNS([wrong(false), wrong(true)])), { input: { id: 'run', signals } }).start();
    await settled();
    const { failed } = actor.getSnapshot().context as { failed: { error: { code: string } }[] };
    expect(failed.map(({ error }) => error.code)).toEqual(['FOREIGN_COLLATERAL', 'FOREIGN_COLLATERAL']);
  });
});
