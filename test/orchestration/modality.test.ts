import { afferentPath, CNS, collateral, modality, neuron, type CNSOptions, type StimulateOptions } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { toLogic, toMachine } from 'engram/machines';
import { describe, expect, it } from 'vitest';
import { type AnyActorLogic, createActor } from 'xstate';
import { begin, failuresOf, forms } from '../support/forms.js';
import { quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

const ask = collateral<string>('ask');
const answer = collateral<string>('answer');

/** In every process anew: what a stored run says of them is their names. */
function senses() {
  const web = afferentPath();
  const form = afferentPath(web);
  const field = afferentPath(form);
  const mail = afferentPath();
  const text = modality('text', { web, form, field, mail });
  const phone = afferentPath();
  const voice = modality('voice', { phone });
  const touch = modality('touch', { skin: afferentPath() });
  return { text, voice, touch };
}
type Senses = ReturnType<typeof senses>;

type Come = Pick<StimulateOptions, 'modality' | 'afferentPath'>;

/** `reply` chooses by what the run came in with; `sink` notes what came of it. */
function flow(made: Senses, trace: string[], options: CNSOptions = {}, isAsync = false, hasDefault = true) {
  const { text, voice } = made;
  const say =
    (what: string) =>
    (payload: string): string | Promise<string> =>
      isAsync ? Promise.resolve(`${what} ${payload}`) : `${what} ${payload}`;
  const reply = neuron('reply', { answer }).modalityDendrite({
    collateral: ask,
    modalities: [
      {
        modality: text,
        afferentPaths: [
          [text.afferentPaths.web, say('web')],
          [text.afferentPaths.field, say('field')],
        ],
        default: say('text'),
      },
      { modality: voice, afferentPaths: new Map() },
    ],
    ...(hasDefault ? { default: say('any') } : {}),
    output: (said, axon) => axon.answer.createSignal(said),
  });
  const sink = neuron('sink', {}).dendrite({ collateral: answer, response: (said) => void trace.push(said) });
  return new CNS([reply, sink], { logger: recordingLogger(), ...options });
}

const made = senses();
const { text, voice, touch } = made;

/** What a run came in with, and who serves it: with and without a default of the dendrite. */
const cases: readonly (readonly [string, Come, string, string])[] = [
  ['the exact modality and path', { modality: text, afferentPath: text.afferentPaths.web }, 'web hi', 'web hi'],
  ['the nearest parent of the path', { modality: text, afferentPath: text.afferentPaths.form }, 'web hi', 'web hi'],
  [
    'the path itself before its parent',
    { modality: text, afferentPath: text.afferentPaths.field },
    'field hi',
    'field hi',
  ],
  [
    "the modality's default for another path",
    { modality: text, afferentPath: text.afferentPaths.mail },
    'text hi',
    'text hi',
  ],
  ["the modality's default without a path", { modality: text }, 'text hi', 'text hi'],
  [
    "the dendrite's default for a path of nobody",
    { modality: voice, afferentPath: voice.afferentPaths.phone },
    'any hi',
    'NO_AFFERENT_PATH',
  ],
  ["the dendrite's default for a modality without a path", { modality: voice }, 'any hi', 'NO_AFFERENT_PATH'],
  ["the dendrite's default for another modality", { modality: touch }, 'any hi', 'UNKNOWN_MODALITY'],
  ["the dendrite's default for a run without a modality", {}, 'any hi', 'UNKNOWN_MODALITY'],
];

describe.each(forms)('a modality dendrite, %s', (form) => {
  describe.each([
    ['sync', false],
    ['async', true],
  ])('with %s handlers', (_how, isAsync) => {
    it.each(cases)('is served by %s', async (_who, come, served) => {
      const trace: string[] = [];
      const run = begin(form, flow(made, trace, {}, isAsync), ask.createSignal('hi'), come);
      await quiet();
      expect(trace).toEqual([served]);
      expect(run.context).toMatchObject({ status: 'completed', settled: 2 });
    });

    it.each(cases)(
      'without a default of its own is served by %s, or fails and says which of two it was',
      async (_who, come, _served, otherwise) => {
        const trace: string[] = [];
        const run = begin(form, flow(made, trace, {}, isAsync, false), ask.createSignal('hi'), come);
        await quiet();
        const fails = otherwise === otherwise.toUpperCase();
        expect(trace).toEqual(fails ? [] : [otherwise]);
        expect(failuresOf(run)).toEqual(fails ? [`reply ${otherwise}`] : []);
        expect(run.context.status).toBe(fails ? 'failed' : 'completed');
      },
    );
  });

  it('fails with an error that names the neuron, what came and what there is, and everything else runs on', () => {
    const trace: string[] = [];
    const cns = flow(made, trace, {}, false, false);
    const run = begin(form, cns, [ask.createSignal('hi'), answer.createSignal('beside')], {
      modality: voice,
      afferentPath: voice.afferentPaths.phone,
    });
    expect(trace).toEqual(['beside']);
    const [failed] = run.context.failed;
    expect(failed).toMatchObject({ neuron: 'reply', dendrite: 'ask#0', payload: 'hi', aborted: false });
    expect(failed?.error).toMatchObject({ code: 'NO_AFFERENT_PATH', modality: 'voice', afferentPath: 'phone' });
    expect((failed?.error as Error).message).toContain('neuron "reply" has nothing for the afferent path "phone"');
  });

  it('keeps the choice in the snapshot, by name, and handlers see it', () => {
    const seen: unknown[] = [];
    const eye = neuron('eye', {}).dendrite({
      collateral: ask,
      response: (_payload, _axon, ctx) => void seen.push([ctx.modality, ctx.afferentPath]),
    });
    const reply = neuron('reply', {}).modalityDendrite({
      collateral: ask,
      modality: text,
      afferentPaths: [[text.afferentPaths.web, (payload: string) => payload]],
      output: () => undefined,
    });
    const come = { modality: text, afferentPath: text.afferentPaths.form };
    const run = begin(form, new CNS([eye, reply]), ask.createSignal('hi'), come);
    expect(run.context.options).toEqual({ modality: 'text', afferentPath: 'form' });
    expect(seen).toEqual([['text', 'form']]);
  });

  it('fails as the handler that it has chosen does, or as its output does', async () => {
    const broken = (who: string): never => {
      throw new RangeError(who);
    };
    const one = neuron('one', {}).modalityDendrite({
      collateral: ask,
      modality: text,
      default: async () => broken('handler'),
      output: () => undefined,
    });
    const two = neuron('two', {}).modalityDendrite({
      collateral: ask,
      modality: text,
      default: () => 1,
      output: () => broken('output'),
    });
    const run = begin(form, new CNS([one, two]), ask.createSignal('hi'), { modality: text });
    await quiet();
    expect(failuresOf(run).sort()).toEqual(['one handler', 'two output']);
  });

  it('of one modality takes its default for every other modality, and for none', () => {
    const seen: string[] = [];
    const only = neuron('only', {}).modalityDendrite({
      collateral: ask,
      modality: text,
      default: (payload) => seen.push(payload),
      output: () => undefined,
    });
    for (const [i, come] of [{ modality: touch }, {}, { modality: text }].entries()) {
      begin(form, new CNS([only]), ask.createSignal(String(i)), come);
    }
    expect(seen).toEqual(['0', '1', '2']);
  });
});

it('modalities without names are named by their order in the graph, and chosen by all the same', () => {
  const [near, far] = [afferentPath(), afferentPath()];
  const first = modality({ near });
  const second = modality({ far });
  const seen: string[] = [];
  const reply = neuron('reply', {}).modalityDendrite({
    collateral: ask,
    modalities: [
      { modality: first, afferentPaths: [[near, () => seen.push('near')]] },
      { modality: second, afferentPaths: [[far, () => seen.push('far')]] },
    ],
    output: () => undefined,
  });
  const run = begin('run', new CNS([reply]), ask.createSignal('hi'), { modality: second, afferentPath: far });
  expect(seen).toEqual(['far']);
  expect(run.context.options).toEqual({ modality: 'modality-2', afferentPath: 'far' });
});

describe('a run that is rehydrated in another process', () => {
  const resting = (release: { open: () => void }, trace: string[], options: CNSOptions) => {
    const again = senses();
    const wait = neuron('wait', { ask })
      .milestone()
      .dendrite({
        collateral: answer,
        response: async (_who, axon) => {
          await new Promise<void>((resolve) => (release.open = resolve));
          return axon.ask.createSignal('hi');
        },
      });
    const reply = neuron('reply', {}).modalityDendrite({
      collateral: ask,
      modality: again.text,
      afferentPaths: [
        [again.text.afferentPaths.web, () => trace.push('web')],
        [again.text.afferentPaths.mail, () => trace.push('mail')],
      ],
      output: () => undefined,
    });
    return { cns: new CNS([wait, reply], options), again };
  };

  it('chooses the same handler by the name of its path, whatever objects stand for it there', async () => {
    const store = memoryStore();
    const trace: string[] = [];
    const release = { open: (): void => undefined };
    const first = resting(release, trace, { store });
    const come = { modality: first.again.text, afferentPath: first.again.text.afferentPaths.form };
    first.cns.stimulate(answer.createSignal('go'), { id: 'run', ...come });
    await quiet();
    await first.cns.close();
    const second = resting(release, trace, { store });
    expect(second.again.text).not.toBe(first.again.text);
    const run = await second.cns.rehydrate('run');
    release.open();
    await run?.waitUntilComplete();
    expect(trace).toEqual(['web']);
  });

  it.each([
    ['statechart', (cns: CNS): AnyActorLogic => toMachine(cns)],
    ['logic', (cns: CNS): AnyActorLogic => toLogic(cns)],
  ])('also as a persisted snapshot of the %s', async (_form, logicOf) => {
    const trace: string[] = [];
    const release = { open: (): void => undefined };
    const input = {
      id: 'run',
      signals: [{ collateral: 'answer', payload: 'go' }],
      options: { modality: 'text', afferentPath: 'mail' },
    };
    const first = createActor(logicOf(resting(release, trace, {}).cns), { input }).start();
    const snapshot = JSON.parse(JSON.stringify(first.getPersistedSnapshot())) as never;
    first.stop();
    const second = createActor(logicOf(resting(release, trace, {}).cns), { snapshot }).start();
    second.send({ type: 'engram.resume' });
    release.open();
    await quiet();
    expect(trace).toEqual(['mail']);
    expect(second.getSnapshot().context.status).toBe('completed');
  });
});

describe('what a run is started with', () => {
  const cns = flow(made, []);

  it.each([
    [
      'a path without its modality',
      { afferentPath: text.afferentPaths.web },
      'an afferent path is given without its modality',
    ],
    [
      'a path of another modality',
      { modality: text, afferentPath: voice.afferentPaths.phone },
      'the afferent path is none of modality "text"',
    ],
    [
      'a modality without a name that no dendrite knows',
      { modality: modality({ p: afferentPath() }) },
      'no dendrite of the graph chooses by this modality',
    ],
  ])('is refused when it is %s', (_what, come: Come, message) => {
    expect(() => cns.stimulate(ask.createSignal('hi'), come)).toThrow(message);
    expect(() => cns.activate([], come)).toThrow(message);
  });

  it('counts for tasks that are activated as well', async () => {
    const trace: string[] = [];
    const again = flow(made, trace);
    const failed = again.stimulate(ask.createSignal('hi'), { maxFrontier: 1, modality: text });
    await failed;
    expect(trace).toEqual(['text hi']);
    const task = { id: 'other/0123456789abcdef', neuron: 'reply', dendrite: 'ask#0', collateral: 'ask', payload: 'ho' };
    await again.activate([task], { modality: text, afferentPath: text.afferentPaths.field });
    expect(trace).toEqual(['text hi', 'field ho']);
  });
});
