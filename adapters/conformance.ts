/**
 * The suite that every store passes, published so that a store from elsewhere can pass it too, with any test runner.
 *
 * Job: hold a store to the contract of `src/durability/store.ts`, one outcome per case, each on a fresh store.
 *
 *   import { describe, it } from 'node:test';
 *   import { storeConformance } from 'engram/adapters/conformance';
 *   storeConformance({
 *     name: 'my store',
 *     runner: { describe, it },
 *     fresh: (clock) => {
 *       const open = () => myStore({ folder, clock });
 *       return { store: open(), again: open, dispose: () => remove(folder) };
 *     },
 *   });
 *
 * Rule: nothing is left out silently.
 *  - What a store cannot do it says in its `capabilities`. Tell the suite the same; cases that ask for it are left out
 *    under a title that says so, and the store is held to refusing it with `NotSupportedError`.
 *  - `hooks` names what the subject offers beside its store: `kill` a process that writes, `tear` the last write.
 *  - An exclusion is named by the title of its case, and gives a reason. The case is run all the same: an exclusion of a
 *    case that the store passes fails, and so does one that matches no case. One that must not be run, since it passes
 *    now and then or ends the process, is written as `{ reason, run: false }`.
 */
import assert from 'node:assert/strict';
import { systemClock } from '../src/clock/clock.js';
import type { StoreCapabilities } from '../src/durability/store.js';
import { Bench, type ConformanceCase, type Fresh, type Hook, type Need } from './conformance/bench.js';
import { checkpointCases } from './conformance/checkpoint-cases.js';
import { closingCases } from './conformance/closing-cases.js';
import { crashCases } from './conformance/crash-cases.js';
import { deletionCases } from './conformance/deletion-cases.js';
import { inboxCases } from './conformance/inbox-cases.js';
import { leaseCases } from './conformance/lease-cases.js';
import { listCases } from './conformance/list-cases.js';
import { nameCases } from './conformance/name-cases.js';
import { writerCases } from './conformance/writer-cases.js';

export type { Fresh, Hook, Subject, WriterNote } from './conformance/bench.js';
export { writeForEver } from './conformance/writer.js';
export type {
  Claim,
  CreateRequest,
  InboxMessage,
  Lease,
  ListQuery,
  Owner,
  PartChanges,
  RunIndex,
  RunPage,
  RunSummary,
  SaveRequest,
  Store,
  StoreCapabilities,
  StoredCheckpoint,
} from '../src/durability/store.js';

export interface ConformanceRunner {
  readonly describe: (title: string, body: () => void) => unknown;
  readonly it: (title: string, body: () => Promise<void>) => unknown;
}

/** Why a store is excused from a case. */
export type Exclusion = string | { readonly reason: string; readonly run: false };

export interface ConformanceOptions {
  readonly name: string;
  readonly runner: ConformanceRunner;
  /** Makes a store that takes its time from this clock. */
  readonly fresh: Fresh;
  /** What the store declares; a store that survives a process, is shared and can do everything unless told. */
  readonly capabilities?: StoreCapabilities;
  /** What the subjects offer beside their store; nothing unless told. */
  readonly hooks?: readonly Hook[];
  /** Title of a case to the reason why this store is excused from it. */
  readonly exclusions?: Readonly<Record<string, Exclusion>>;
}

const CASES: readonly ConformanceCase[] = [
  ...checkpointCases,
  ...nameCases,
  ...deletionCases,
  ...writerCases,
  ...leaseCases,
  ...inboxCases,
  ...listCases,
  ...closingCases,
  ...crashCases,
];
const EVERYTHING: StoreCapabilities = {
  ...{ survives: 'process', shared: true },
  ...{ history: true, events: true, inbox: true, list: true },
};
const LACKS: Readonly<Record<Need, string>> = {
  list: 'the store declares that it cannot list runs',
  inbox: 'the store declares that it keeps no inbox',
  sealsInbox: 'the store does not declare that it ends a run and closes its inbox in one step',
  history: 'the store declares that it keeps the newest checkpoint alone',
  events: 'the store declares that it keeps no events',
  shared: 'the store declares that it is used by one process at a time',
  kept: 'the store declares that it survives nothing',
  kill: 'the test offers no process to kill',
  tear: 'the test offers no way to tear a write',
};
/** How long an excluded case may take to fail. */
const PATIENCE = 10_000;

/** The titles of all cases. */
export const conformanceCases: readonly string[] = CASES.map(({ title }) => title);

/** Registers the suite with the runner. */
export function storeConformance(options: ConformanceOptions): void {
  const { name, runner, fresh, capabilities = EVERYTHING, hooks = [], exclusions = {} } = options;
  const { it } = runner;
  const has: Readonly<Record<Need, boolean>> = {
    ...capabilities,
    sealsInbox: capabilities.sealsInbox === true,
    kept: capabilities.survives !== 'nothing',
    kill: hooks.includes('kill'),
    tear: hooks.includes('tear'),
  };
  runner.describe(`${name} keeps the store contract`, () => {
    const leftOut = new Set<string>();
    for (const { title, needs = [], run } of CASES) {
      const lacking = needs.find((need) => !has[need]);
      const exclusion = Object.hasOwn(exclusions, title) ? exclusions[title] : undefined;
      if (lacking !== undefined) {
        leftOut.add(title);
        it(`(left out: ${LACKS[lacking]}) ${title}`, () => Promise.resolve());
      } else if (exclusion === undefined) it(title, () => onBench(fresh, run));
      else
        it(`(left out: ${reasonOf(exclusion)}) ${title}`, () => failing(title, exclusion, () => onBench(fresh, run)));
    }
    it('the store declares what the suite was told of it', () => onBench(fresh, (bench) => agree(bench, has)));
    it('every exclusion names a case that is run, and gives a reason', async () =>
      checkExclusions(exclusions, leftOut));
  });
}

async function onBench(fresh: Fresh, run: ConformanceCase['run']): Promise<void> {
  const bench = await Bench.open(fresh);
  try {
    await run(bench);
  } finally {
    await bench.dispose();
  }
}

const reasonOf = (exclusion: Exclusion): string => (typeof exclusion === 'string' ? exclusion : exclusion.reason);

/** An excluded case that passes: the exclusion has outlived its reason. One that does not come to an end has failed. */
async function failing(title: string, exclusion: Exclusion, body: () => Promise<void>): Promise<void> {
  if (typeof exclusion !== 'string') return;
  const passed = await new Promise<boolean>((resolve) => {
    const timer = systemClock.after(PATIENCE, () => resolve(false));
    body()
      .then(
        () => resolve(true),
        () => resolve(false),
      )
      .finally(() => timer.cancel());
  });
  assert.ok(!passed, `the store passes "${title}": take the exclusion out`);
}

async function agree({ store, subject }: Bench, told: Readonly<Record<Need, boolean>>): Promise<void> {
  const { survives, shared, history, events, inbox, sealsInbox = false, list } = store.capabilities;
  const kept = survives !== 'nothing';
  const hooks = { kill: subject.kill !== undefined, tear: subject.tear !== undefined };
  const declared: Record<Need, boolean> = { list, inbox, sealsInbox, history, events, shared, kept, ...hooks };
  const expected = Object.fromEntries(Object.keys(declared).map((need) => [need, told[need as Need]]));
  assert.deepEqual(
    declared,
    expected,
    'give storeConformance the `capabilities` of the store, and the `hooks` offered',
  );
  if (shared || kept) assert.ok(subject.again, 'a store whose runs outlive it must be opened again: give `again`');
  assert.ok(store.name.trim() !== '', 'the store has no name for messages');
}

function checkExclusions(exclusions: Readonly<Record<string, Exclusion>>, leftOut: ReadonlySet<string>): void {
  const titles = Object.keys(exclusions);
  const unused = titles.filter((title) => !conformanceCases.includes(title));
  assert.deepEqual(unused, [], 'these exclusions match no case: take them out, or mend their names');
  const needless = titles.filter((title) => leftOut.has(title));
  assert.deepEqual(needless, [], 'these exclusions are of cases that are left out already: take them out');
  const silent = titles.filter((title) => reasonOf(exclusions[title] ?? '').trim() === '');
  assert.deepEqual(silent, [], 'these exclusions give no reason');
}
