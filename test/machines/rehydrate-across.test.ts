/** What either machine persisted goes on in the other. */
import { toLogic, toMachine } from 'engram/machines';
import { describe, expect, it } from 'vitest';
import { type Actor, type AnyActorLogic, createActor } from 'xstate';
import { createOrders, input, names, type Orders, settled } from './orders.js';

const forms = {
  statechart: ({ cns }: Orders): AnyActorLogic => toMachine(cns),
  logic: ({ cns }: Orders): AnyActorLogic => toLogic(cns),
  'logic per event': ({ cns }: Orders): AnyActorLogic => toLogic(cns, { hops: 'event' }),
};
type Form = keyof typeof forms;
const all = Object.keys(forms) as Form[];
const pairs = all.flatMap((from) => all.map((to) => [from, to] as const));

interface Started {
  readonly orders: Orders;
  readonly actor: Actor<AnyActorLogic>;
}

function begin(form: Form): Started {
  const orders = createOrders();
  return { orders, actor: createActor(forms[form](orders), { input }).start() };
}

/** In another process, as far as the run can tell: another graph, other handlers, and what JSON holds. */
function goOn(form: Form, actor: Actor<AnyActorLogic>): Started {
  const text = JSON.stringify(actor.getPersistedSnapshot());
  actor.stop();
  const orders = createOrders();
  const next = createActor(forms[form](orders), { snapshot: JSON.parse(text) as never }).start();
  if (form === 'statechart' && next.getSnapshot().status === 'active') next.send({ type: 'engram.resume' });
  return { orders, actor: next };
}

const checkpoint = (actor: Actor<AnyActorLogic>): void => {
  const [barrier] = actor.getSnapshot().context.barriers;
  actor.send({ type: 'pay:checkpointed', activation: barrier.activation });
};

describe('a persisted snapshot', () => {
  it.each(pairs)('of the %s taken at a milestone goes on in the %s, behind the same barrier', (from, to) => {
    const { actor } = begin(from);
    const next = goOn(to, actor);
    expect(next.orders.calls).toEqual([]);
    expect(next.actor.getSnapshot().value).toEqual({
      running: { pay: 'checkpointing', ship: 'idle', stock: 'idle', mail: 'idle' },
    });
    checkpoint(next.actor);
    expect(names(next.orders.calls)).toEqual(['ship', 'stock', 'mail']);
    next.actor.stop();
  });

  it.each(pairs)(
    'of the %s goes on in the %s with the same id for what was in flight, to the same end',
    async (from, to) => {
      const first = begin(from);
      checkpoint(first.actor);
      expect(names(first.orders.calls)).toEqual(['pay', 'ship', 'stock', 'mail']);
      const next = goOn(to, first.actor);
      expect(next.orders.calls).toEqual([first.orders.calls[1]]);
      next.orders.shipping[0]?.();
      await settled();
      const end = next.actor.getPersistedSnapshot() as unknown as { status: string; output: unknown; context: object };
      expect(end).toMatchObject({ status: 'done', value: 'completed', output: 'order 7' });
      expect(end.context).toMatchObject({
        values: { mail: 2 },
        frontier: [],
        barriers: [],
        settled: 5,
        output: 'order 7',
      });
    },
  );

  it.each(pairs)('of the %s that has ended is ended in the %s', async (from, to) => {
    const { actor, orders } = begin(from);
    checkpoint(actor);
    orders.shipping[0]?.();
    await settled();
    const persisted = actor.getPersistedSnapshot();
    const next = goOn(to, actor);
    expect(next.actor.getPersistedSnapshot()).toEqual(persisted);
    expect(next.actor.getSnapshot().status).toBe('done');
    expect(next.orders.calls).toEqual([]);
  });
});
