import { CNS, collateral, neuron, redacted, withCtx } from 'engram';
import { describe, expect, it } from 'vitest';

describe('redacted', () => {
  const at = new Date(0);

  it('makes a copy and touches nothing of the value, of whatever kind it is', () => {
    class Card {
      readonly number = '4111';
      readonly bank = 'N';
    }
    const error = Object.assign(new TypeError('no', { cause: { number: 1 } }), { number: 2 });
    const value = { at, list: [new Card()], map: new Map([['number', 1]]), set: new Set([{ number: 3 }]), error };
    const before = structuredClone(value.list[0]);
    const shown = redacted(value, ['number']) as typeof value;
    expect(shown.at).toBe(at);
    expect(shown.list[0]).toBeInstanceOf(Card);
    expect(shown.list[0]).toMatchObject({ number: '[redacted]', bank: 'N' });
    expect(shown.map.get('number')).toBe('[redacted]');
    expect([...shown.set]).toEqual([{ number: '[redacted]' }]);
    expect(shown.error).toBeInstanceOf(TypeError);
    expect(shown.error).toMatchObject({ message: 'no', number: '[redacted]', cause: { number: '[redacted]' } });
    expect(structuredClone(value.list[0])).toEqual(before);
    expect(error.number).toBe(2);
  });

  it('follows cycles, and does not run what a getter would do', () => {
    const value: Record<string, unknown> = {
      secret: 1,
      get cost() {
        throw new Error('asked');
      },
    };
    value['self'] = value;
    for (const redact of [
      ['secret'],
      (path: readonly string[], each: unknown) => (path.at(-1) === 'secret' ? 0 : each),
    ]) {
      const shown = redacted(value, redact) as Record<string, unknown>;
      expect(shown['self']).toBe(shown);
      expect(shown['secret']).not.toBe(1);
      expect(shown['cost']).toBe('[redacted]');
    }
  });

  it('is the value itself where nothing is to be hidden', () => {
    const value = { a: 1 };
    expect(redacted(value, undefined)).toBe(value);
  });

  it('hides what a CNS was told to hide, and handlers see all of it', async () => {
    const asked = collateral<{ card: string }>('asked');
    const seen: string[] = [];
    const keep = withCtx<string>()
      .neuron('keep', {})
      .dendrite({
        collateral: asked,
        response: ({ card }, _axon, ctx) => {
          seen.push(card);
          ctx.set(card);
        },
      });
    const cns = new CNS([keep], { redact: ['card'] });
    const { context } = await cns.stimulate(asked.createSignal({ card: '4111' }));
    expect(seen).toEqual(['4111']);
    expect(context['keep']).toBe('4111');
    expect(cns.redacted({ card: '4111', n: 1 }, 'payload', 'asked')).toEqual({ card: '[redacted]', n: 1 });
    const plain = neuron('plain', {}).dendrite({ collateral: asked, response: () => undefined });
    expect(new CNS([plain]).redacted({ card: 'x' })).toEqual({ card: 'x' });
  });
});
