/** Runs as a process of its own (traps.test.ts): what all forms of the orders flow come to, in the build of XState it gets. */
import { toLogic, toMachine } from 'engram/machines';
import { type AnyActorLogic, createActor } from 'xstate';
import { createOrders, input, names, settled } from './orders.js';

const ends: unknown[] = [];
for (const form of ['statechart', 'turn', 'event'] as const) {
  const { cns, calls, shipping } = createOrders();
  const logic: AnyActorLogic = form === 'statechart' ? toMachine(cns) : toLogic(cns, { hops: form });
  const first = createActor(logic, { input }).start();
  const restored = createActor(logic, { snapshot: JSON.parse(JSON.stringify(first.getPersistedSnapshot())) as never });
  first.stop();
  restored.start();
  restored.send({ type: 'pay:checkpointed', activation: restored.getSnapshot().context.barriers[0].activation });
  shipping[0]?.();
  await settled();
  ends.push({ persisted: restored.getPersistedSnapshot(), names: names(calls) });
}
console.log(JSON.stringify({ build: import.meta.resolve('xstate'), ends }));
