import type { InvalidGraphError } from 'engram';
import {
  afferentPath,
  collateral,
  InvalidArgumentError,
  modality,
  neuron,
  NoAfferentPathError,
  UnknownModalityError,
  type AfferentPath,
  type Modality,
} from 'engram';
import { describe, expect, it, vi } from 'vitest';
import { isAfferentPath, isModality, nameOfPath } from '../../src/graph/modality.js';
import { caught } from '../support/caught.js';
import { graphOf } from './graph-of.js';

const order = collateral<string>('order');
const sent = collateral<string>('sent');

const root = afferentPath();
const web = afferentPath(root);
const mobile = afferentPath(web);
const kiosk = afferentPath();
const chat = modality('chat', { root, web, mobile, kiosk });
const mail = modality('mail', { inbox: afferentPath() });

type Handler = (payload: string) => unknown;
const said =
  (text: string): Handler =>
  (payload) =>
    `${text} ${payload}`;

interface Served {
  readonly modality: Modality;
  readonly afferentPaths?: ReadonlyMap<AfferentPath, Handler> | (readonly [AfferentPath, Handler])[];
  readonly default?: Handler;
}

/** What a modality dendrite answers to a run that came in like this. */
function answer(dendrite: Served | { modalities: readonly Served[]; default?: Handler }, ctx: object): unknown {
  const { neurons } = graphOf([
    neuron('reply', { sent }).modalityDendrite({
      collateral: order,
      output: (result: unknown) => `out: ${String(result)}`,
      ...dendrite,
    } as never),
  ]);
  return neurons[0]?.dendrites[0]?.response('hello', neurons[0].axon, ctx);
}

describe('a modality', () => {
  it('has the record of paths that it was made of, and a name where it was given one', () => {
    const paths = { web, mobile };
    expect(modality(paths).afferentPaths).toBe(paths);
    expect([modality(paths).name, modality('chat', paths).name]).toEqual([undefined, 'chat']);
  });

  it('has paths that know their parent, and can be named', () => {
    expect([root.parent, mobile.parent]).toEqual([undefined, web]);
    expect([nameOfPath(chat, mobile), nameOfPath(mail, mobile)]).toEqual(['mobile', undefined]);
  });

  it('is refused what is no path', () => {
    for (const odd of [undefined, null, 5, { web: {} }, { web: null }, { web: chat }]) {
      expect(() => modality('chat', odd as never)).toThrow(
        'modality "chat": its paths are no record of afferent paths',
      );
    }
    expect(() => modality({ web: 5 as never })).toThrow('modality "(unnamed)"');
    for (const odd of [null, 5, chat, {}]) expect(() => afferentPath(odd as never)).toThrow(InvalidArgumentError);
  });

  it('is known as one when another copy of the library made it', async () => {
    vi.resetModules();
    const other = await import('../../src/graph/modality.js');
    expect([isModality(other.modality({})), other.isModality(chat), isModality(web)]).toEqual([true, true, false]);
    expect([isAfferentPath(other.afferentPath()), isAfferentPath(chat)]).toEqual([true, false]);
  });
});

describe('a modality dendrite chooses', () => {
  const one = {
    modality: chat,
    afferentPaths: new Map([
      [web, said('web')],
      [mobile, said('mobile')],
    ]),
  };

  it('what is there for exactly the path', () => {
    expect(answer(one, { modality: 'chat', afferentPath: 'mobile' })).toBe('out: mobile hello');
  });

  it('the same from the entries of a Map', () => {
    const entries = { ...one, afferentPaths: [...one.afferentPaths] };
    expect(answer(entries as never, { modality: 'chat', afferentPath: 'mobile' })).toBe('out: mobile hello');
  });

  it('what is there for the nearest parent, whether that has a name in the modality or not', () => {
    const far = { modality: chat, afferentPaths: new Map([[root, said('root')]]) };
    expect(answer(far, { modality: 'chat', afferentPath: 'mobile' })).toBe('out: root hello');
    const near = {
      modality: chat,
      afferentPaths: new Map([
        [root, said('root')],
        [web, said('web')],
      ]),
    };
    expect(answer(near, { modality: 'chat', afferentPath: 'mobile' })).toBe('out: web hello');
    const nameless = { modality: modality('m', { mobile }), afferentPaths: new Map([[root, said('root')]]) };
    expect(answer(nameless, { modality: 'm', afferentPath: 'mobile' })).toBe('out: root hello');
  });

  it('the default of the modality, where neither the path nor a parent has anything', () => {
    const served = { modality: chat, afferentPaths: new Map([[mobile, said('mobile')]]), default: said('chat') };
    const several = { modalities: [served, { modality: mail, default: said('mail') }], default: said('any') };
    for (const afferentPath of ['web', 'kiosk', 'unheard-of', undefined]) {
      expect(answer(several, { modality: 'chat', afferentPath })).toBe('out: chat hello');
    }
    expect(answer(several, { modality: 'mail', afferentPath: 'inbox' })).toBe('out: mail hello');
  });

  it('never a path of another modality', () => {
    const several = { modalities: [one, { modality: mail }], default: said('any') };
    expect(answer(several, { modality: 'mail', afferentPath: 'mobile' })).toBe('out: any hello');
  });

  it("the dendrite's own default, where the modality has nothing, is another, or is none", () => {
    const several = { modalities: [one, { modality: mail }], default: said('any') };
    for (const ctx of [
      { modality: 'chat', afferentPath: 'kiosk' },
      { modality: 'mail', afferentPath: 'inbox' },
      { modality: 'phone' },
      { modality: undefined },
      { modality: undefined, afferentPath: 'web' },
    ]) {
      expect(answer(several, ctx)).toBe('out: any hello');
    }
  });

  it('the only default, for other modalities too, where it has one modality', () => {
    const single = { ...one, default: said('any') };
    for (const ctx of [{ modality: 'chat', afferentPath: 'kiosk' }, { modality: 'phone' }, {}]) {
      expect(answer(single, ctx)).toBe('out: any hello');
    }
  });

  it('nothing, and fails, for a run without a modality or with an unknown one', async () => {
    const none = await caught(() => answer(one, {}));
    expect(none).toBeInstanceOf(UnknownModalityError);
    expect(none).toMatchObject({ code: 'UNKNOWN_MODALITY', modality: undefined });
    expect((none as Error).message).toBe(
      'neuron "reply" asks for the modality of the run, and it was started without one',
    );
    const unknown = await caught(() => answer(one, { modality: 'phone', afferentPath: 'web' }));
    expect((unknown as Error).message).toBe('neuron "reply" does not know the modality "phone"');
    expect((unknown as UnknownModalityError).hint).toContain('"chat"');
  });

  it('nothing, and fails, for a path without a handler, and for none', async () => {
    const odd = await caught(() => answer(one, { modality: 'chat', afferentPath: 'kiosk' }));
    expect(odd).toBeInstanceOf(NoAfferentPathError);
    expect(odd).toMatchObject({ code: 'NO_AFFERENT_PATH', modality: 'chat', afferentPath: 'kiosk' });
    expect((odd as Error).message).toBe(
      'neuron "reply" has nothing for the afferent path "kiosk" of the modality "chat"',
    );
    expect((odd as NoAfferentPathError).hint).toContain('"web", "mobile"');
    const none = await caught(() => answer(one, { modality: 'chat' }));
    expect((none as Error).message).toBe(
      'neuron "reply" asks for an afferent path of the modality "chat", and the run was started without one',
    );
  });
});

describe('what a modality dendrite answers', () => {
  const replying = (handler: (...given: unknown[]) => unknown, output: (...given: unknown[]) => unknown) => {
    const made = neuron('n', { sent }).modalityDendrite({
      collateral: [order, sent],
      modality: chat,
      afferentPaths: new Map([[web, handler]]),
      output,
    } as never);
    return graphOf([made]).neurons[0];
  };
  const ctx = { modality: 'chat', afferentPath: 'web' };

  it('is at once where the handler is sync; handler and output are given the axon and the context', () => {
    const given: unknown[][] = [];
    const n = replying(
      (...all) => (given.push(all), 5),
      (...all) => (given.push(all), 'answer'),
    );
    expect(n?.dendrites.map(({ key }) => key)).toEqual(['order#0', 'sent#0']);
    expect(n?.dendrites.map((dendrite) => dendrite.response('x', n.axon, ctx))).toEqual(['answer', 'answer']);
    expect(given.slice(0, 2)).toEqual([
      ['x', n?.axon, ctx],
      [5, n?.axon, ctx],
    ]);
  });

  it('is later where the handler returns a promise or another thenable; output gets the value', async () => {
    for (const later of [Promise.resolve(5), { then: (resolve: (value: number) => void) => resolve(5) }]) {
      const n = replying(
        () => later,
        (result) => ['answer', result],
      );
      const answered = n?.dendrites[0]?.response('x', n.axon, ctx);
      expect(answered).toBeInstanceOf(Promise);
      expect(await answered).toEqual(['answer', 5]);
    }
  });

  it('is what the handler throws or rejects with', async () => {
    const failing = replying(() => Promise.reject(new RangeError('late')), String);
    expect(await caught(async () => failing?.dendrites[0]?.response('x', {}, ctx))).toBeInstanceOf(RangeError);
    const throwing = replying(() => {
      throw new RangeError('at once');
    }, String);
    expect(() => throwing?.dendrites[0]?.response('x', {}, ctx)).toThrow(RangeError);
  });

  it('does not change when the Map is changed after the declaration', () => {
    const afferentPaths = new Map([[web, said('before')]]);
    const reply = neuron('n', {}).modalityDendrite({
      collateral: order,
      modality: chat,
      afferentPaths,
      output: (text) => text as undefined,
    });
    afferentPaths.set(web, said('after'));
    expect(graphOf([reply]).neurons[0]?.dendrites[0]?.response('x', {}, ctx)).toBe('before x');
  });
});

describe('a modality dendrite is refused', () => {
  const dendrite = (change: object) => () =>
    neuron('n', {}).modalityDendrite({
      collateral: order,
      modality: chat,
      output: () => undefined,
      ...change,
    });

  it('what cannot be one, at once', () => {
    expect(dendrite({ collateral: [] })).toThrow('neuron "n": a modality dendrite listens to no collateral');
    expect(dendrite({ output: undefined })).toThrow('neuron "n": a modality dendrite has no output');
    expect(dendrite({ modality: {} })).toThrow('neuron "n": the modality of a modality dendrite is none');
    expect(dendrite({ modality: undefined, modalities: [] })).toThrow(
      'neuron "n": a modality dendrite has no modality',
    );
    expect(dendrite({ afferentPaths: { web: said('x') } })).toThrow(
      'the afferentPaths of a modality dendrite are no Map, nor entries of one',
    );
    expect(dendrite({ afferentPaths: [web] })).toThrow('are no Map, nor entries of one');
    expect(dendrite({ afferentPaths: new Map([[web, undefined]]) })).toThrow('a handler of a modality dendrite');
    expect(dendrite({ default: 'x' })).toThrow('a handler of a modality dendrite is no function');
  });
});

describe('the modalities of a graph', () => {
  const hears = (name: string, ...modalities: readonly Modality[]) =>
    neuron(name, {}).modalityDendrite({
      collateral: order,
      modalities: modalities.map((one) => ({ modality: one })),
      output: () => undefined,
    });
  const problemsOf = async (of: () => unknown) => ((await caught(of)) as InvalidGraphError).problems;

  it('have their own names or, without one, are numbered in order of appearance', () => {
    const [first, second] = [modality({ web }), modality({ web })];
    const { modalities, modalityNames } = graphOf([hears('a', first, chat), hears('b', chat, second)]);
    expect([...modalities]).toEqual([
      ['modality-1', first],
      ['chat', chat],
      ['modality-3', second],
    ]);
    expect([...modalityNames].map(([of, name]) => modalities.get(name) === of)).toEqual([true, true, true]);
  });

  it('need a name where runs are stored', async () => {
    expect(await problemsOf(() => graphOf([hears('a', modality({ web }))], { durable: true }))).toEqual([
      'neuron "a" has a modality without a name, and a stored run refers to modalities by name',
    ]);
  });

  it('need names that are different, and ones that may be names', async () => {
    const other = modality('chat', { web });
    expect(await problemsOf(() => graphOf([hears('a', chat), hears('b', other, modality('a.b', {}))]))).toEqual([
      'two modalities are named "chat" (the second: neuron "b")',
      'modality "a.b" (neuron "b"): a name begins with a letter or "_" and holds letters, digits, "_" and "-"',
    ]);
  });

  it('need paths that have one name each, dendrites that name a modality once, and handlers of paths it has', async () => {
    const twice = modality('twice', { web, again: web });
    const stray = neuron('c', {}).modalityDendrite({
      collateral: order,
      modality: mail,
      afferentPaths: new Map([[web, () => 1]]),
      output: () => undefined,
    });
    expect(await problemsOf(() => graphOf([hears('a', twice), hears('b', chat, chat), stray]))).toEqual([
      'modality "twice" has one afferent path under two names',
      'neuron "b" has a modality dendrite that names one modality twice',
      'neuron "c" has a modality dendrite with a handler of 1 afferent path that its modality does not have',
    ]);
  });
});
