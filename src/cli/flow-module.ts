/**
 * Flow modules: what the user wrote, loaded and checked. A flow module exports `createCns({ store, clock })`, or `cns`
 * with a store of its own, and `entry`: a collateral, or a record of them.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Clock } from '../clock/clock.js';
import type { Store } from '../durability/store.js';
import { describeError, EngramError } from '../errors/index.js';
import { type AnyCollateral, type Collateral, isCollateral } from '../graph/collateral.js';
import type { CNS } from '../index.js';
import { FLOW } from '../propagation/operations.js';
import { FlowModuleError, UnknownSignalError, UsageError } from './cli-errors.js';
import { type Exported, importAfresh, type ImportModule, importOnce, isModule } from './import-module.js';

export type EntryCollateral = Collateral<unknown>;

export interface FlowModule {
  /** As the user gave it. */
  readonly path: string;
  /** The module has made its CNS, with whatever store it chose. */
  readonly hasOwnCns: boolean;
  /** @throws FlowModuleError, InvalidGraphError */
  readonly cns: (host: { readonly store: Store; readonly clock: Clock }) => Promise<CNS>;
  /** @throws UnknownSignalError, UsageError, FlowModuleError */
  readonly entry: (name: string | undefined, option?: string) => EntryCollateral;
  /** All that it exports; none where it exports none. */
  readonly entries: readonly EntryCollateral[];
  /** The key of an entry in the record that is exported; undefined where a collateral is. */
  readonly entryKey: (picked: EntryCollateral) => string | undefined;
  /** What it exports of this name. */
  readonly prove: unknown;
  /** The module as another process would have it. @throws FlowModuleError */
  readonly afresh: () => Promise<FlowModule>;
}

const SHAPE = 'export createCns({ store, clock }), or cns, and entry: a collateral, or a record of them';

/** @throws FlowModuleError */
export const loadFlowModule = (path: string): Promise<FlowModule> => load(path, importOnce);

async function load(path: string, importing: ImportModule): Promise<FlowModule> {
  const { createCns, cns, entry, prove } = await importModule(path, importing);
  if (createCns === undefined && cns === undefined) {
    throw new FlowModuleError(`${path} exports neither createCns nor cns`, { hint: SHAPE });
  }
  return {
    path,
    hasOwnCns: createCns === undefined,
    cns: async (host) => {
      const made = createCns === undefined ? cns : await callCreate(path, createCns, host);
      if (isCns(made)) return made;
      const what = createCns === undefined ? 'the cns that it exports' : 'what its createCns returns';
      throw new FlowModuleError(`${path}: ${what} is no CNS`, { hint: SHAPE });
    },
    entry: (name, option = '--signal') => pickEntry(path, entry, name, option),
    entries: (entriesOf(entry) ?? []).map(([, collateral]) => collateral),
    entryKey: (picked) =>
      isEntry(entry) ? undefined : entriesOf(entry)?.find(([, collateral]) => collateral === picked)?.[0],
    prove,
    afresh: () => load(path, importAfresh),
  };
}

async function importModule(path: string, importing: ImportModule): Promise<Exported> {
  const file = resolve(path);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new FlowModuleError(`there is no file ${path}`, { hint: 'give the path of a flow module, e.g. ./flow.ts' });
  }
  if (!isModule(file)) {
    throw new FlowModuleError(`${path} is no module`, { hint: 'a flow module is a .ts, .mts, .js or .mjs file' });
  }
  try {
    return await importing(file);
  } catch (cause) {
    if (cause instanceof EngramError) throw cause;
    throw new FlowModuleError(`${path} threw while it was loaded: ${describeError(cause)}`, {
      cause,
      hint: 'mend the module; ENGRAM_DEBUG=1 shows where it threw',
    });
  }
}

async function callCreate(path: string, createCns: unknown, host: object): Promise<unknown> {
  if (typeof createCns !== 'function') throw new FlowModuleError(`${path}: createCns is no function`, { hint: SHAPE });
  try {
    return await (createCns as (host: object) => unknown)(host);
  } catch (cause) {
    if (cause instanceof EngramError) throw cause;
    throw new FlowModuleError(`createCns of ${path} threw: ${describeError(cause)}`, {
      cause,
      hint: 'mend createCns; ENGRAM_DEBUG=1 shows where it threw',
    });
  }
}

/** By what it has, not by its class: a `.js` flow may have brought a copy of the library of its own. */
const isCns = (value: unknown): value is CNS => typeof value === 'object' && value !== null && FLOW in value;

function pickEntry(path: string, entry: unknown, name: string | undefined, option: string): EntryCollateral {
  const choices = entriesOf(entry);
  if (choices === undefined) {
    const what =
      entry === undefined ? 'exports no entry' : 'exports an entry that is no collateral, nor a record of them';
    throw new FlowModuleError(`${path} ${what}`, { hint: SHAPE });
  }
  const names = choices.map(([key]) => key);
  if (name === undefined) {
    const [only, second] = choices;
    if (only !== undefined && second === undefined) return only[1];
    throw new UsageError(`${path} has several entries`, { hint: `choose one with ${option}: ${names.join(', ')}` });
  }
  const found = choices.find(([key]) => key === name) ?? choices.find(([, collateral]) => collateral.name === name);
  if (found === undefined) throw new UnknownSignalError(name, names);
  return found[1];
}

function entriesOf(entry: unknown): (readonly [string, EntryCollateral])[] | undefined {
  if (isEntry(entry)) return [[entry.name ?? 'entry', entry]];
  if (typeof entry !== 'object' || entry === null) return undefined;
  const choices = Object.entries(entry);
  return choices.length > 0 && choices.every((choice): choice is [string, EntryCollateral] => isEntry(choice[1]))
    ? choices
    : undefined;
}

const isEntry = (value: unknown): value is AnyCollateral & EntryCollateral => isCollateral(value);
