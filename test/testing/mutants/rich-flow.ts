/**
 * A flow that asks much of the engine, made with whichever copy of it is given: signals in arrays, a gate, retries, a
 * delay, an expectation, a join over all of that, context values and what undoes.
 *
 *     begin -> split* -> (item, item) -> work* (one at a time, the first attempt fails) -> close -> closed
 *           -> ask (until approved) ------------------------------------------------------/
 *           -> later (an hour)    -> note (also nudged from outside) -------------------/
 */
import type * as engramModule from 'engram';
import type { Signal } from 'engram';

export type Engram = typeof engramModule;

/** What stands outside: each key once. */
export class Lines {
  readonly lines: { readonly key: string; readonly did: string }[] = [];
  enter(key: string, did: string): void {
    if (!this.lines.some((line) => line.key === key && line.did === did)) this.lines.push({ key, did });
  }
}

export interface RichFlow {
  readonly cns: engramModule.CNS<Lines>;
  readonly begin: (strike?: boolean) => Signal;
  readonly approved: () => Signal;
  readonly nudge: () => Signal;
  readonly closed: engramModule.AnyCollateral;
}

export function richFlow(
  { CNS, collateral, neuronFactory, expect, NonRetryableError }: Engram,
  lines: Lines,
): RichFlow {
  const begin = collateral<{ readonly strike: boolean }>('begin');
  const approved = collateral<{ readonly by: string }>('approved');
  const item = collateral<number>('item');
  const worked = collateral<number>('worked');
  const granted = collateral<string>('granted');
  const reminder = collateral<string>('reminder');
  const noted = collateral<number>('noted');
  const nudge = collateral('nudge');
  const closed = collateral<unknown>('closed');
  const { neuron } = neuronFactory<number, Lines>();

  const split = neuron('split', { item })
    .dendrite({
      collateral: begin,
      response: (_begin, axon, ctx) => {
        ctx.global.enter(ctx.activationId, 'split');
        return [axon.item.createSignal(1), axon.item.createSignal(2)];
      },
    })
    .compensate((_begin, _axon, ctx) => ctx.global.enter(ctx.activationId, 'joined again'))
    .milestone();
  const work = neuron('work', { worked })
    .dendrite({
      collateral: item,
      response: async (n, axon, ctx) => {
        if (ctx.attempt === 1) throw new Error('not at the first attempt');
        await Promise.resolve();
        ctx.global.enter(ctx.activationId, `worked ${n}`);
        ctx.update((sum = 0) => sum + n);
        return axon.worked.createSignal(n * 10);
      },
    })
    .retry({ attempts: 3, initial: '1s', jitter: 0 })
    .setConcurrency(1)
    .compensate((n, _axon, ctx) => ctx.global.enter(ctx.activationId, `undid ${n}`))
    .milestone();
  const ask = neuron('ask', { granted })
    .dendrite({
      collateral: begin,
      response: ({ strike }, _axon, ctx) => {
        ctx.set(strike ? 1 : 0);
        return expect(approved, { within: '2d' });
      },
    })
    .expects(approved)
    .dendrite({
      collateral: approved,
      response: ({ by }, axon, ctx) => {
        ctx.global.enter(ctx.activationId, `granted by ${by}`);
        if (ctx.get() === 1) throw new NonRetryableError('nobody works today');
        return axon.granted.createSignal(by);
      },
    });
  const later = neuron('later', { reminder }).dendrite({
    collateral: begin,
    response: (_begin, axon) => axon.reminder.createSignal('soon', { delay: '1h' }),
  });
  const note = neuron('note', { noted })
    .dendrite({
      collateral: reminder,
      response: (_text, axon, ctx) => {
        ctx.global.enter(ctx.activationId, 'noted');
        return axon.noted.createSignal(1);
      },
    })
    .dendrite({ collateral: nudge, response: (_nudge, _axon, ctx) => ctx.update((nudges = 0) => nudges + 1) });
  const close = neuron('close', { closed }).join(
    { worked, granted, noted },
    ({ worked: results, granted: [by], noted: notes }, axon) => {
      const sum = results.reduce((all, each) => all + each, 0);
      return axon.closed.createSignal({ sum, by, notes: notes.length });
    },
    { size: (_payload, slot) => (slot === 'worked' ? 2 : 1) },
  );
  return {
    cns: new CNS<Lines>([split, work, ask, later, note, close], { name: 'rich' }, lines),
    begin: (strike = false) => begin.createSignal({ strike }),
    nudge: () => nudge.createSignal(),
    approved: () => approved.createSignal({ by: 'ann' }),
    closed,
  };
}
