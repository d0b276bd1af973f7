// Rule: paths are found without running a handler, the same ones each time, and few of them however wide a flow is.
import { CNS, collateral, expect as awaits, InvalidArgumentError, neuron, UnknownCollateralError } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { type FlowPaths, getFlowPaths } from 'engram/testing';
import { describe, expect, it } from 'vitest';
import { createCns as createOrder, placeOrder } from '../../../machines/flows/order.js';
import { caught } from '../../support/caught.js';
import { createRich, outcomes as richOutcomes, start } from '../rich-flow.js';

const never = (): never => {
  throw new TypeError('a handler was run');
};
const go = collateral('go');
const told = ({ paths }: FlowPaths) => paths.map(({ title, status }) => `${title} (${status})`);

it('paths of the order flow: to each end, told as what happens, the usual way first', () => {
  const found = getFlowPaths(createOrder(), {
    entry: placeOrder,
    outcomes: {
      accept: ['accepted'],
      reserve: { accepted: ['reserved', 'fails'], undo: ['nothing'] },
      approve: { reserved: ['cleared', 'waits for approved within 7d, otherwise expired'], approved: ['cleared'] },
      charge: { cleared: ['charged', 'fails'], undo: ['nothing'] },
      expire: ['fails'],
    },
  });
  expect(told(found)).toEqual([
    'placeOrder → accepted → reserved → cleared → charged → shipped (completed)',
    'placeOrder → accepted → reserved → cleared → charged → ship emits nothing (completed)',
    'placeOrder → accepted → reserved → cleared → charged → ship fails → charge undone → reserve undone (failed)',
    'placeOrder → accepted → reserved → cleared → charge fails → reserve undone (failed)',
    'placeOrder → accepted → reserved → approve waits for approved, otherwise expired → approved → cleared → charged → shipped (completed)',
    'placeOrder → accepted → reserved → approve waits for approved, otherwise expired → no approved in time → expire fails → reserve undone (failed)',
    'placeOrder → accepted → reserve fails (failed)',
  ]);
  expect(found).toMatchObject({ entry: ['placeOrder'], strategy: 'shortest', truncated: [] });
  expect(found.paths[5]?.steps).toMatchObject([
    { neuron: 'accept', got: 'placeOrder', answers: 'accepted', pending: ['accept on placeOrder'] },
    { neuron: 'reserve', got: 'accepted', answers: 'reserved' },
    { neuron: 'approve', got: 'reserved', answers: 'waits for approved within 7d, otherwise expired' },
    {
      time: 'passes',
      due: [{ neuron: 'approve', what: 'end of wait', collateral: 'approved', otherwise: 'expired' }],
      states: { approve: 'waiting' },
    },
    { neuron: 'expire', got: 'expired', answers: 'fails' },
    { neuron: 'reserve', got: 'undo', answers: 'nothing' },
  ]);
});

it('by default each neuron answers with each signal of its axon, with nothing, and with a failure', () => {
  const [left, right] = [collateral('left'), collateral('right')];
  const cns = new CNS([
    neuron('choose', { left, right }).dendrite({ collateral: go, response: never }),
    neuron('end', {}).dendrite({ collateral: [left, right], response: never }),
  ]);
  expect(told(getFlowPaths(cns, { entry: go }))).toEqual([
    'go → left → end (completed)',
    'go → left → end fails (failed)',
    'go → right → end (completed)',
    'go → right → end fails (failed)',
    'go → choose emits nothing (completed)',
    'go → choose fails (failed)',
  ]);
});

it('a wait ends with its signal, with its time, or not at all where it has no end', () => {
  const yes = collateral('yes');
  const late = collateral('late');
  const ask = neuron('ask', { late })
    .dendrite({ collateral: go, response: () => awaits(yes) })
    .expects(yes);
  const hear = neuron('hear', {}).dendrite({ collateral: late, response: never });
  const pathsOf = (...outcomes: string[]) =>
    told(getFlowPaths(new CNS([ask, hear]), { entry: go, outcomes: { ask: outcomes, hear: [] } }));
  expect(pathsOf('waits for yes')).toEqual([
    'go → ask waits for yes → yes (completed)',
    'go → ask waits for yes (waiting)',
  ]);
  expect(pathsOf('waits for yes within 1m')).toEqual([
    'go → ask waits for yes → yes (completed)',
    'go → ask waits for yes → no yes in time (failed)',
  ]);
  expect(pathsOf('late in 1h + waits for yes within 2h, otherwise late')).toEqual([
    'go → ask late in 1h + waits for yes, otherwise late → yes → time passes → hear (completed)',
    'go → ask late in 1h + waits for yes, otherwise late → time passes → hear → yes (completed)',
    'go → ask late in 1h + waits for yes, otherwise late → time passes → hear → no yes in time → hear (completed)',
  ]);
  expect(getFlowPaths(new CNS([ask]), { entry: go }).paths.length).toBeGreaterThan(3);
});

it('milestones hold what follows them in a stored run, and a join starts when its set is complete', () => {
  const [a, b, c] = [collateral('a'), collateral('b'), collateral('c')];
  const make = (host: object) =>
    new CNS(
      [
        neuron('first', { a }).dendrite({ collateral: go, response: never }).milestone(),
        neuron('second', { b, c }).dendrite({ collateral: go, response: never }),
        neuron('third', {}).dendrite({ collateral: c, response: never }),
        neuron('both', {}).join({ a, b }, never),
      ],
      host,
    );
  const outcomes = { first: ['a'], second: ['b + c', 'c'], third: ['nothing'], both: { 'a+b': ['nothing'] } };
  const orders = (found: FlowPaths) =>
    found.paths.map(({ steps }) =>
      steps.map((step) => ('neuron' in step ? `${step.neuron} ${step.got}` : '')).join(', '),
    );
  expect(orders(getFlowPaths(make({}), { entry: go, outcomes }))).toEqual([
    'first go, second go, both a, both b, third c, both a+b',
    'first go, second go, both a, third c',
  ]);
  const stored = getFlowPaths(make({ store: memoryStore() }), { entry: go, outcomes });
  expect(orders(stored)).toEqual([
    'first go, second go, both b, third c, both a, both a+b',
    'first go, second go, third c, both a',
  ]);
  expect(stored.paths.map(({ status }) => status)).toEqual(['completed', 'failed']); // half a set is a failure
  expect(orders(getFlowPaths(make({}), { entry: go, outcomes, stored: true }))).toEqual(orders(stored));
  expect(orders(getFlowPaths(make({ store: memoryStore() }), { entry: go, outcomes, stored: false }))[0]).toMatch(
    /^first go, second go, both a/,
  );
});

describe('many branches at once', () => {
  const wide = (width: number) =>
    new CNS(Array.from({ length: width }, (_, i) => neuron(`n${i}`, {}).dendrite({ collateral: go, response: never })));

  it('a fan-out of 12 neurons has 13 paths: the usual one, and one for each that fails', () => {
    const found = getFlowPaths(wide(12), { entry: go });
    expect(found.paths).toHaveLength(13);
    expect(found.paths.filter(({ status }) => status === 'failed')).toHaveLength(12);
    expect(found.truncated).toEqual([]);
    expect(getFlowPaths(wide(12), { entry: go, strategy: 'transitions' }).paths).toHaveLength(2);
  });

  it('the states that are looked at grow with the branches, and not with the ways to combine them', () => {
    const isEnough = (width: number, maxStates: number) =>
      getFlowPaths(wide(width), { entry: go, maxStates }).truncated.length === 0;
    expect(isEnough(4, 4 ** 2)).toBe(true);
    expect(isEnough(12, 12 ** 2)).toBe(true);
    expect(isEnough(12, 12)).toBe(false);
  });

  it('of branches that go on, each may go each way, one at a time', () => {
    const names = Array.from({ length: 12 }, (_, i) => i);
    const ways = names.map((i) => [collateral(`a${i}`), collateral(`b${i}`)] as const);
    const cns = new CNS([
      ...names.map((i) => {
        const [a, b] = ways[i] as (typeof ways)[0];
        return neuron(`n${i}`, { a, b }).dendrite({ collateral: go, response: never });
      }),
      ...ways.flat().map((way) => neuron(`on-${way.name}`, {}).dendrite({ collateral: way, response: never })),
    ]);
    const found = getFlowPaths(cns, { entry: go });
    const taken = new Set(found.paths.flatMap(({ transitions }) => transitions));
    expect(found.transitions.filter((transition) => !taken.has(transition))).toEqual([]);
    expect(found.paths.length).toBeLessThan(100);
    expect(getFlowPaths(cns, { entry: go, strategy: 'transitions' }).paths.length).toBeLessThan(10);
  });
});

describe('loops', () => {
  const next = collateral('next');
  const loop = (axon: object) =>
    new CNS([
      neuron('begin', { next }).dendrite({ collateral: go, response: never }),
      neuron('turn', axon as { next: typeof next }).dendrite({ collateral: next, response: never }),
    ]);

  it('are gone through once, and end', () => {
    expect(told(getFlowPaths(loop({ next }), { entry: go, strategy: 'transitions' }))).toEqual([
      'go → next → next → turn emits nothing (completed)',
      'go → next → turn fails (failed)',
      'go → begin emits nothing (completed)',
      'go → begin fails (failed)',
    ]);
  });

  it('without an end have no path, and that is no truncation', () => {
    const found = getFlowPaths(loop({ next }), { entry: go, outcomes: { begin: ['next'], turn: ['next'] } });
    expect(found).toMatchObject({ paths: [], truncated: [] });
  });

  it('that grow are cut, and the result says so', () => {
    const outcomes = { begin: ['next'], turn: ['next + next', 'nothing'] };
    const found = getFlowPaths(loop({ next }), { entry: go, outcomes, maxVisits: 4 });
    expect(found.truncated).toEqual([expect.stringContaining('"turn" may answer more than 4 times')]);
    expect(found.paths.map(({ status }) => status)).toContain('completed');
    const few = getFlowPaths(loop({ next }), { entry: go, outcomes, maxStates: 3 });
    expect(few.truncated).toEqual([expect.stringContaining('3 states were looked at')]);
  });
});

it('the same flow gives the same paths, byte for byte, with titles that no two share', () => {
  for (const strategy of ['shortest', 'transitions'] as const) {
    const find = () => getFlowPaths(createRich(), { entry: start, outcomes: richOutcomes, strategy });
    const found = find();
    expect(JSON.stringify(find())).toBe(JSON.stringify(found));
    expect(new Set(found.paths.map(({ title }) => title)).size).toBe(found.paths.length);
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  }
});

it('`transitions` takes every transition that there is a path to, on fewer paths than `shortest` has', () => {
  const find = (strategy: 'shortest' | 'transitions') =>
    getFlowPaths(createRich(), { entry: start, outcomes: richOutcomes, strategy });
  const [shortest, covering] = [find('shortest'), find('transitions')];
  expect(new Set(covering.paths.flatMap(({ transitions }) => transitions))).toEqual(new Set(covering.transitions));
  expect(covering.paths.length).toBeLessThan(shortest.paths.length / 2);
});

it('`retries` makes another attempt after its wait, and `aborts` ends the run', () => {
  const work = neuron('work', {}).dendrite({ collateral: go, response: never }).retry({ attempts: 3, initial: '5s' });
  const found = getFlowPaths(new CNS([work]), { entry: go, outcomes: { work: ['retries', 'aborts'] } });
  expect(told(found)).toEqual([
    'go → work tries again → time passes → work tries again → time passes → work aborts (aborted)',
    'go → work tries again → time passes → work aborts (aborted)',
    'go → work aborts (aborted)',
  ]);
});

it('several signals, some of them later, may begin a run', () => {
  const other = collateral('other');
  const cns = new CNS([neuron('n', {}).dendrite({ collateral: [go, other], response: never })]);
  const entry = [go, other.createSignal(undefined, { delay: '1d' })];
  expect(told(getFlowPaths(cns, { entry, outcomes: { n: [] } }))).toEqual([
    'go + other → n → time passes → n (completed)',
  ]);
});

describe('what cannot be is refused, with what can', () => {
  const yes = collateral('yes');
  const cns = new CNS([
    neuron('ask', { key: yes }).dendrite({ collateral: go, response: never }).compensate(never),
    neuron('n', {}).join({ yes, go }, never),
  ]);
  it.each([
    [{ nobody: ['yes'] }, 'there is no neuron "nobody"', '"ask", "n"'],
    [{ ask: ['no'] }, 'neuron "ask" on "go": the outcome "no" emits "no"', 'its axon has "yes"'],
    [{ ask: ['waits for yes'] }, 'waits for "yes"', 'it may wait for none'],
    [{ ask: ['yes in a while'] }, 'cannot be read', "write 'charged'"],
    [{ ask: ['yes in 5x'] }, 'its delay is no duration', 'milliseconds'],
    [{ ask: ['retries'] }, 'needs a retry policy', '.retry('],
    [{ ask: ['joins'] }, 'is one of what arrives at a join', 'no part of a join'],
    [{ ask: { undo: ['yes'] } }, 'cannot be', "'nothing' or 'fails'"],
    [{ ask: { yes: [] } }, 'does not get "yes"', '"go", "undo"'],
    [{ n: { yes: ['fails'] } }, 'is none of an arrival', "'joins'"],
  ])('%j', async (outcomes, message, hint) => {
    const error = (await caught(() => getFlowPaths(cns, { entry: go, outcomes: outcomes }))) as InvalidArgumentError;
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
  });

  it('an entry that the graph does not have, and a strategy that is none', async () => {
    expect(await caught(() => getFlowPaths(cns, { entry: collateral('far') }))).toBeInstanceOf(UnknownCollateralError);
    expect(await caught(() => getFlowPaths(cns, { entry: 5 as never }))).toBeInstanceOf(InvalidArgumentError);
    expect(await caught(() => getFlowPaths(cns, { entry: go, strategy: 'all' as never }))).toBeInstanceOf(
      InvalidArgumentError,
    );
  });

  it('a collateral may be called by its key in the axon, and one that is named as a word is written with `emits`', () => {
    expect(told(getFlowPaths(cns, { entry: go, outcomes: { ask: ['key'], n: { 'yes+go': [] } } }))).toEqual([
      'go → yes → n (completed)',
    ]);
    const nothing = collateral('nothing');
    const odd = new CNS([neuron('odd', { nothing }).dendrite({ collateral: go, response: never })]);
    expect(told(getFlowPaths(odd, { entry: go }))).toEqual([
      'go → nothing (completed)',
      'go → odd emits nothing (completed)',
      'go → odd fails (failed)',
    ]);
  });
});
