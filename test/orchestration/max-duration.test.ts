import { CNS, collateral, MaxDurationError, neuron, withCtx } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { begin, failuresOf, forms, frontierOf } from '../support/forms.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

const START = 1_700_000_000_000;
const job = collateral<string>('job');
const talk = collateral<string>('talk');
const done = collateral<string>('done');
const DAY = 86_400_000;

interface Told {
  readonly limit?: number | '60d';
  readonly slots?: number;
  readonly store?: ReturnType<typeof memoryStore>;
}

/** `press` has 100 ms, `talker` has any time. A body ends when a hand lets it, whatever its signal says. */
function workshop({ limit = 100, slots, store }: Told = {}) {
  const clock = new ManualClock(START);
  const log: string[] = [];
  const tell = (what: string) => void log.push(`${clock.now() - START} ${what}`);
  const bodies = new Map<string, () => void>();
  const takesLong = (name: string, signal: AbortSignal): Promise<void> => {
    tell(`start ${name}`);
    signal.addEventListener('abort', () => {
      const { reason } = signal as { readonly reason: unknown };
      tell(`${name} hears ${reason instanceof Error ? reason.name : String(reason)}`);
    });
    return new Promise<void>((resolve) => bodies.set(name, resolve));
  };
  const press = withCtx<string>()
    .neuron('press', { done })
    .setMaxDuration(limit)
    .dendrite({
      collateral: job,
      response: async (name, axon, { abortSignal, set, update }) => {
        set(name);
        await takesLong(name, abortSignal);
        tell(`end ${name}`);
        update((pressed = '') => `${pressed} pressed`);
        if (name.startsWith('bad')) throw new RangeError(name);
        return axon.done.createSignal(name);
      },
    });
  if (slots !== undefined) press.setConcurrency(slots);
  const talker = withCtx<string>()
    .neuron('talker', {})
    .dendrite({
      collateral: talk,
      response: async (name, _axon, { abortSignal, set }) => {
        await takesLong(name, abortSignal);
        tell(`end ${name}`);
        set(name);
      },
    });
  const shelf = neuron('shelf', {}).dendrite({ collateral: done, response: (name) => tell(`shelve ${name}`) });
  const options = { clock, logger: recordingLogger(), ...(store === undefined ? {} : { store }) };
  return {
    cns: new CNS([press, talker, shelf], options),
    clock,
    end: async (name: string) => {
      bodies.get(name)?.();
      await quiet();
    },
    /** What has happened since this was asked last, each with its time. */
    since: () => log.splice(0),
  };
}

describe.each(forms)('a neuron with setMaxDuration, in the form of a %s', (form) => {
  it('fails at the limit with MaxDurationError, of which the abort signal of its body tells; the run waits no longer', async () => {
    const { cns, clock, since } = workshop();
    const run = begin(form, cns, job.createSignal('a'));
    await clock.pass(99);
    expect(since()).toEqual(['0 start a']);
    await clock.pass(1);
    expect(since()).toEqual(['100 a hears MaxDurationError']);
    expect(run.context.status).toBe('failed');
    expect(run.context.failed).toMatchObject([{ neuron: 'press', payload: 'a', aborted: false }]);
    const { error } = run.context.failed[0] as { error: unknown };
    expect(error).toBeInstanceOf(MaxDurationError);
    expect(error).toMatchObject({ neuron: 'press', maxDuration: 100, retryable: true });
    expect(clock.timers).toBe(0);
  });

  it.each(['a', 'bad'])(
    'I1: discards the late result %s of a body that goes on, and its context writes',
    async (name) => {
      const { cns, clock, end, since } = workshop();
      const run = begin(form, cns, [job.createSignal(name), talk.createSignal('t')]);
      await clock.pass(100);
      expect(frontierOf(run)).toEqual(['talker running']);
      await clock.pass(20);
      await end(name);
      expect(frontierOf(run)).toEqual(['talker running']);
      await end('t');
      expect(since()).toEqual([
        `0 start ${name}`,
        '0 start t',
        `100 ${name} hears MaxDurationError`,
        `120 end ${name}`,
        '120 end t',
      ]);
      expect(run.context).toMatchObject({ status: 'failed', values: { talker: 't' }, settled: 2 });
      expect(failuresOf(run)).toEqual(['press MAX_DURATION']);
      expect(clock.timers).toBe(0);
    },
  );

  it('leaves a body alone that ends within the limit, and its timer is gone', async () => {
    const { cns, clock, end, since } = workshop();
    const run = begin(form, cns, job.createSignal('a'));
    expect(clock.timers).toBe(1);
    await clock.pass(99);
    await end('a');
    expect(clock.timers).toBe(0);
    await clock.pass(1000);
    expect(since()).toEqual(['0 start a', '99 end a', '99 shelve a']);
    expect(run.context).toMatchObject({ status: 'completed', values: { press: 'a pressed' } });
  });

  it('keeps the slot of a body that was given up until it has really ended: one slot never runs two', async () => {
    const { cns, clock, end, since } = workshop({ slots: 1 });
    const a = begin(form, cns, job.createSignal('a'), { id: 'a' });
    const b = begin(form, cns, job.createSignal('b'), { id: 'b' });
    await clock.pass(150);
    expect(a.context.status).toBe('failed');
    expect(frontierOf(b)).toEqual(['press gated']);
    await end('a');
    await end('b');
    expect(since()).toEqual([
      '0 start a',
      '100 a hears MaxDurationError',
      '150 end a',
      '150 start b',
      '150 end b',
      '150 shelve b',
    ]);
    expect(b.context.status).toBe('completed');
  });

  it('does not count the time in which it waits for a slot', async () => {
    const { cns, clock, end, since } = workshop({ slots: 1 });
    const run = begin(form, cns, [job.createSignal('a'), job.createSignal('b')]);
    await clock.pass(80);
    await end('a');
    await clock.pass(99);
    expect(frontierOf(run)).toEqual(['press running']);
    await clock.pass(1);
    expect(since()).toEqual(['0 start a', '80 end a', '80 shelve a', '80 start b', '180 b hears MaxDurationError']);
    expect(failuresOf(run)).toEqual(['press MAX_DURATION']);
  });

  it('ends a run that was aborted while it went on at its limit, and leaves no doubt about what ended it', async () => {
    const { cns, clock, end, since } = workshop();
    const run = begin(form, cns, [job.createSignal('a'), talk.createSignal('t')]);
    await clock.pass(10);
    run.send({ type: 'engram.abort', reason: 'enough' });
    await end('t');
    await clock.pass(89);
    expect(run.context.status).toBe('running');
    await clock.pass(1);
    expect(since()).toEqual(['0 start a', '0 start t', '10 t hears enough', '10 a hears enough', '10 end t']);
    expect(run.context.status).toBe('aborted');
    expect(run.context.failed).toMatchObject([{ payload: 'a', error: { code: 'MAX_DURATION' }, aborted: false }]);
    expect(clock.timers).toBe(0);
  });

  it('may be longer than a timer of the system can count', async () => {
    const { cns, clock, since } = workshop({ limit: '60d' });
    const run = begin(form, cns, job.createSignal('a'));
    await clock.pass(60 * DAY - 1);
    expect(frontierOf(run)).toEqual(['press running']);
    await clock.pass(1);
    expect(since()).toEqual(['0 start a', `${60 * DAY} a hears MaxDurationError`]);
    expect(failuresOf(run)).toEqual(['press MAX_DURATION']);
    expect(clock.timers).toBe(0);
  });

  it('tells the body of an actor that is stopped, and leaves no timer behind', async () => {
    const { cns, clock, end, since } = workshop();
    const run = begin(form, cns, job.createSignal('a'));
    run.stop();
    expect(since()).toEqual(['0 start a', '0 a hears RunSuspendedError']);
    expect(clock.timers).toBe(0);
    await end('a');
    await clock.pass(1000);
    expect(since()).toEqual(['0 end a']);
    expect(clock.timers).toBe(0);
  });
});

describe('a run with a neuron with setMaxDuration', () => {
  it('leaves no timer when its CNS lets it go, and takes no late result', async () => {
    const store = memoryStore();
    const { cns, clock, end, since } = workshop({ store });
    const run = cns.stimulate(job.createSignal('a'), { id: 'a' });
    const ended = caught(run);
    await quiet();
    await cns.close();
    expect(await ended).toMatchObject({ code: 'RUN_SUSPENDED' });
    expect(clock.timers).toBe(0);
    await end('a');
    expect(since()).toEqual(['0 start a', '0 a hears RunSuspendedError', '0 end a']);
    const again = workshop({ store });
    const second = await again.cns.rehydrate('a');
    expect(second?.getContext().getAll()).toEqual({});
    expect(again.since()).toEqual(['0 start a']);
    await again.clock.pass(100);
    expect(second?.status).toBe('failed');
    expect(again.since()).toEqual(['100 a hears MaxDurationError']); // a limit of its own
  });

  it('rejects with the MaxDurationError among the causes, and offers the activation as a failed task', async () => {
    const { cns, clock } = workshop();
    const run = cns.stimulate(job.createSignal('a'));
    const ended = caught(run);
    await clock.pass(100);
    expect(await ended).toMatchObject({ code: 'STIMULATION_FAILED', errors: [{ code: 'MAX_DURATION' }] });
    expect(run.getFailedTasks()).toMatchObject([{ task: { neuron: 'press', payload: 'a' }, aborted: false }]);
  });
});
