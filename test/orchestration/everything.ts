/**
 * A flow whose one run is in every state at once: three bodies run (of three that may), one activation is queued, one
 * has failed and waits for its next attempt, one waits for its time, one for a slot, one for a signal from outside, and
 * one has arrived at a join.
 */
import { CNS, collateral, expect, neuron, withCtx, type CNSOptions } from 'engram';
import { ManualClock } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

export const go = collateral<string>('go');
export const approved = collateral<string>('approved');
const left = collateral<string>('left');
const right = collateral<string>('right');
const ask = collateral<string>('ask');
const flake = collateral<string>('flake');
const later = collateral<string>('later');
const long = collateral<string>('long');
const narrow = collateral<string>('narrow');
const broad = collateral<string>('broad');
const extra = collateral<string>('extra');

/** What `stimulate` is given beside `go`. */
export const SHAPE = { concurrency: 3 };

export interface Everything {
  readonly cns: CNS;
  readonly clock: ManualClock;
  /** What was done, with the time since the beginning, and whether the body had seen an abort. */
  readonly trace: string[];
  /** What was done, by activation id. */
  readonly effects: Map<string, string>;
  /** Lets a body that runs go on. */
  open(name: string): void;
}

/** @param isOpen bodies end by themselves */
export function everything({
  isOpen = false,
  ...options
}: CNSOptions & { readonly isOpen?: boolean } = {}): Everything {
  const clock = new ManualClock();
  const began = clock.now();
  const trace: string[] = [];
  const effects = new Map<string, string>();
  const opens = new Map<string, () => void>();
  const done = (what: string, id: string): void => {
    trace.push(`${clock.now() - began} ${what}`);
    if (effects.has(id)) throw new TypeError(`${what}: activation ${id} was done twice in one process`);
    effects.set(id, what);
  };
  const opened = (name: string): Promise<void> =>
    isOpen ? Promise.resolve() : new Promise((resolve) => void opens.set(name, resolve));

  const split = neuron('split', { left, ask, flake, later, long, narrow, broad, extra }).dendrite({
    collateral: go,
    response: (text, axon, ctx) => {
      done('split', ctx.activationId);
      return [
        axon.left.createSignal(text),
        axon.ask.createSignal(text),
        axon.flake.createSignal(text),
        axon.later.createSignal(text, { delay: '10s' }),
        axon.long.createSignal(text),
        axon.narrow.createSignal('first'),
        axon.narrow.createSignal('second'),
        axon.broad.createSignal(text),
        axon.extra.createSignal(text),
      ];
    },
  });
  const pair = neuron('pair', {}).join({ left, right }, (both, _axon, ctx) =>
    done(`pair ${both.left} ${both.right}`, ctx.activationId),
  );
  const asks = neuron('asks', {})
    .expects(approved)
    .dendrite({
      collateral: ask,
      response: (_text, _axon, ctx) => {
        done('asks', ctx.activationId);
        return expect(approved, { within: '1h' });
      },
    });
  const hears = neuron('hears', {}).dendrite({
    collateral: approved,
    response: (text, _axon, ctx) => done(`hears ${text}`, ctx.activationId),
  });
  const flaky = neuron('flaky', {})
    .retry({ attempts: 2, backoff: 'constant', initial: '5s' })
    .dendrite({
      collateral: flake,
      response: (_text, _axon, ctx) => {
        if (ctx.attempt === 1) throw new TypeError('not yet');
        done(`flaky ${ctx.attempt}`, ctx.activationId);
      },
    });
  const waits = neuron('waits', {}).dendrite({
    collateral: later,
    response: (_text, _axon, ctx) => done('waits', ctx.activationId),
  });
  const slow = withCtx<string>()
    .neuron('slow', { right })
    .dendrite({
      collateral: long,
      response: async (text, axon, ctx) => {
        await opened('slow');
        done(`slow${ctx.abortSignal.aborted ? ' aborted' : ''}`, ctx.activationId);
        ctx.set(text);
        return axon.right.createSignal(text);
      },
    });
  const gate = neuron('gate', {})
    .setConcurrency(1)
    .dendrite({
      collateral: narrow,
      response: async (which, _axon, ctx) => {
        await opened(`gate ${which}`);
        done(`gate ${which}${ctx.abortSignal.aborted ? ' aborted' : ''}`, ctx.activationId);
      },
    });
  const wide = neuron('wide', {}).dendrite({
    collateral: broad,
    response: async (_text, _axon, ctx) => {
      await opened('wide');
      done('wide', ctx.activationId);
    },
  });
  const last = neuron('last', {}).dendrite({
    collateral: extra,
    response: (_text, _axon, ctx) => done('last', ctx.activationId),
  });
  const cns = new CNS([split, pair, asks, hears, flaky, waits, slow, gate, wide, last], {
    clock,
    logger: recordingLogger(),
    ...options,
  });
  const open = (name: string): void => {
    const go = opens.get(name);
    if (go === undefined) throw new TypeError(`no body of ${name} runs`);
    go();
  };
  return { cns, clock, trace, effects, open };
}

/** What is unsettled when everything that needs no waiting is done, in restart order, without what has joined. */
export const FRONTIER = [
  'slow running',
  'gate running',
  'wide running',
  'last queued',
  'flaky delayed',
  'waits delayed',
  'gate gated',
  'asks waiting',
];

/** The neurons of what is cut by an abort then. */
export const CUT = ['last', 'flaky', 'waits', 'gate', 'asks', 'pair'];
