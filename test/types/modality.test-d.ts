import { afferentPath, collateral, modality, neuron, type AfferentPath, type Modality } from 'engram';
import { describe, expectTypeOf, it } from 'vitest';

const order = collateral<string>('order');
const urgent = collateral<number>('urgent');
const sent = collateral<string>('sent');
const alike = collateral<string>('alike');
const web = afferentPath();
const mobile = afferentPath(web);
const chat = modality('chat', { web, mobile });
const mail = modality({ inbox: afferentPath() });

describe('modality', () => {
  it('keeps the keys of its paths', () => {
    expectTypeOf(chat.afferentPaths.mobile).toEqualTypeOf<AfferentPath>();
    expectTypeOf(mobile.parent).toEqualTypeOf<AfferentPath | undefined>();
    expectTypeOf(chat).toExtend<Modality>();
    // @ts-expect-error -- it has no such path
    void mail.afferentPaths.web;
    // @ts-expect-error -- a name is no path
    modality({ web: 'web' });
    // @ts-expect-error -- it has no paths
    modality('chat');
    // @ts-expect-error -- a modality is no path
    afferentPath(chat);
  });
});

describe('modalityDendrite', () => {
  const n = neuron('n', { sent });

  it('gives handlers the payload and the context, and output what they give', () => {
    n.modalityDendrite({
      collateral: order,
      modality: chat,
      afferentPaths: [
        [
          web,
          (payload, axon, ctx) => {
            expectTypeOf(payload).toEqualTypeOf<string>();
            expectTypeOf(axon).toHaveProperty('sent');
            expectTypeOf(ctx.afferentPath).toEqualTypeOf<string | undefined>();
            return payload.length;
          },
        ],
      ],
      default: () => 0,
      output: (result, axon) => {
        expectTypeOf(result).toEqualTypeOf<number>();
        return axon.sent.createSignal(String(result));
      },
    });
  });

  it('takes a Map as well, made before or in place', () => {
    const served = new Map([[web, (payload: string) => payload.length]]);
    const output = (result: number) => void result;
    n.modalityDendrite({ collateral: order, modality: chat, afferentPaths: served, output });
    n.modalityDendrite({
      collateral: order,
      modality: chat,
      afferentPaths: new Map([[mobile, (payload: string) => payload.length]]),
      output,
    });
    // @ts-expect-error -- the payload is a number
    n.modalityDendrite({ collateral: urgent, modality: chat, afferentPaths: served, output });
  });

  it('gives output the awaited result', () => {
    n.modalityDendrite({
      collateral: [order, urgent],
      modality: chat,
      default: async (payload) => {
        expectTypeOf(payload).toEqualTypeOf<string | number>();
        return { text: String(payload) };
      },
      output: async (result, axon) => {
        expectTypeOf(result).toEqualTypeOf<{ text: string }>();
        return [axon.sent.createSignal(result.text)];
      },
    });
  });

  it('takes several modalities, each with paths and a default', () => {
    n.modalityDendrite({
      collateral: order,
      modalities: [
        {
          modality: chat,
          afferentPaths: new Map([[web, (payload: string) => payload]]),
          default: (payload) => payload,
        },
        { modality: mail, default: async (payload) => payload },
      ],
      default: (payload) => payload,
      output: (result, axon) => {
        expectTypeOf(result).toEqualTypeOf<string>();
        return axon.sent.createSignal(result);
      },
    });
  });

  it('refuses neither and both of modality and modalities, a missing output, and what is no path or modality', () => {
    const output = () => undefined;
    // @ts-expect-error -- neither is there
    n.modalityDendrite({ collateral: order, output });
    // @ts-expect-error -- both are there
    n.modalityDendrite({ collateral: order, modality: chat, modalities: [{ modality: mail }], output });
    // @ts-expect-error -- it has no output
    n.modalityDendrite({ collateral: order, modality: chat });
    // @ts-expect-error -- a path is no modality
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- that is the mistake
    n.modalityDendrite({ collateral: order, modality: web, output });
    // @ts-expect-error -- a name is no path
    n.modalityDendrite({ collateral: order, modality: chat, afferentPaths: new Map([['web', () => 1]]), output });
    // @ts-expect-error -- paths stand with their modality
    n.modalityDendrite({ collateral: order, modalities: [{ modality: chat }], afferentPaths: new Map(), output });
  });

  it('refuses a handler of another payload, an output of another result, and a foreign signal', () => {
    n.modalityDendrite({
      collateral: order,
      modality: chat,
      // @ts-expect-error -- the payload is a text
      default: (payload: number) => payload,
      output: () => undefined,
    });
    n.modalityDendrite({
      collateral: order,
      modality: chat,
      default: () => 5,
      // @ts-expect-error -- the result is a number
      output: (result: string, axon) => axon.sent.createSignal(result),
    });
    n.modalityDendrite({
      collateral: order,
      modality: chat,
      default: () => 5,
      // @ts-expect-error -- `alike` is not on the axon
      output: () => alike.createSignal('x'),
    });
  });
});
