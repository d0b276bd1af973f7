import { collateral, neuron, type Collateral, type Signal } from 'engram';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

const maybe = collateral<string | undefined>('maybe');

describe('a payload that may be undefined', () => {
  it('is that in the handler and in its signals', () => {
    neuron('n', { maybe }).dendrite({
      collateral: maybe,
      response: (text, axon) => {
        expectTypeOf(text).toEqualTypeOf<string | undefined>();
        // @ts-expect-error -- it may be undefined
        void text.length;
        return axon.maybe.createSignal(undefined);
      },
    });
    expectTypeOf(maybe).toEqualTypeOf<Collateral<string | undefined>>();
    expectTypeOf(maybe.createSignal(undefined)).toEqualTypeOf<Signal<string | undefined>>();
  });

  it('keeps undefined among several collaterals, and in bind', () => {
    const paid = collateral<number>('paid');
    neuron('several', {}).dendrite({
      collateral: [maybe, paid],
      response: (payload) => expectTypeOf(payload).toEqualTypeOf<string | number | undefined>() as unknown as undefined,
    });
    neuron('bound', {}).bind(
      { maybe },
      { maybe: (text) => void expectTypeOf(text).toEqualTypeOf<string | undefined>() },
    );
  });
});

describe('the schema of a collateral', () => {
  it('gives its payload', () => {
    const checked = collateral('checked', { schema: z.object({ at: z.string().min(1) }) });
    expectTypeOf(checked).toEqualTypeOf<Collateral<{ at: string }>>();
  });

  it('must not transform', () => {
    // @ts-expect-error -- it gives a number for a text
    collateral('length', { schema: z.string().transform((text) => text.length) });
    // @ts-expect-error -- it gives a date for a text, deep inside
    collateral('dated', { schema: z.object({ at: z.string().transform((text) => new Date(text)) }) });
  });
});
