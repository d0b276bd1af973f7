/**
 * Flow modules: what the user wrote, loaded and checked. A flow module exports `createCns({ store, clock })`, or `cns`
 * with a store of its own, and `entry`: a collateral, or a record of them.
 *
 * Rule: the flow and the command line share one copy of the library, so that what one makes the other knows. A `.js`
 * module finds it as Node does; a `.ts` module, which Node 20 cannot load, is given the copy that runs here.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as fileAdapter from '../../adapters/file.js';
import * as memoryAdapter from '../../adapters/memory.js';
import * as machines from '../../machines/index.js';
import type { Clock } from '../clock/clock.js';
import type { Store } from '../durability/store.js';
import { describeError, EngramError } from '../errors/index.js';
import { type AnyCollateral, type Collateral, isCollateral } from '../graph/collateral.js';
import * as engram from '../index.js';
import { FLOW } from '../propagation/operations.js';
import { FlowModuleError, UnknownSignalError, UsageError } from './cli-errors.js';

export type EntryCollateral = Collateral<unknown>;

export interface FlowModule {
  /** As the user gave it. */
  readonly path: string;
  /** The module has made its CNS, with whatever store it chose. */
  readonly hasOwnCns: boolean;
  /** @throws FlowModuleError, InvalidGraphError */
  readonly cns: (host: { readonly store: Store; readonly clock: Clock }) => Promise<engram.CNS>;
  /** @throws UnknownSignalError, UsageError, FlowModuleError */
  readonly entry: (name: string | undefined) => EntryCollateral;
}

const TYPESCRIPT = ['.ts', '.mts', '.cts', '.tsx'];
const JAVASCRIPT = ['.js', '.mjs', '.cjs'];
const SHAPE = 'export createCns({ store, clock }), or cns, and entry: a collateral, or a record of them';

/** @throws FlowModuleError */
export async function loadFlowModule(path: string): Promise<FlowModule> {
  const exported = await importModule(path);
  const { createCns, cns, entry } = exported;
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
    entry: (name) => pickEntry(path, entry, name),
  };
}

async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  const file = resolve(path);
  const extension = extname(file);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new FlowModuleError(`there is no file ${path}`, { hint: 'give the path of a flow module, e.g. ./flow.ts' });
  }
  if (![...TYPESCRIPT, ...JAVASCRIPT].includes(extension)) {
    throw new FlowModuleError(`${path} is no module`, { hint: 'a flow module is a .ts, .mts, .js or .mjs file' });
  }
  try {
    const load = TYPESCRIPT.includes(extension) ? importTypeScript : importJavaScript;
    return await load(file);
  } catch (cause) {
    if (cause instanceof EngramError) throw cause;
    throw new FlowModuleError(`${path} threw while it was loaded: ${describeError(cause)}`, {
      cause,
      hint: 'mend the module; ENGRAM_DEBUG=1 shows where it threw',
    });
  }
}

const importJavaScript = (file: string) => import(pathToFileURL(file).href) as Promise<Record<string, unknown>>;

async function importTypeScript(file: string): Promise<Record<string, unknown>> {
  const { createJiti } = await import('jiti');
  const jiti = createJiti(import.meta.url, {
    fsCache: cacheFolder(file),
    interopDefault: false,
    virtualModules: {
      engram,
      'engram/machines': machines,
      'engram/adapters/memory': memoryAdapter,
      'engram/adapters/file': fileAdapter,
    },
  });
  return jiti.import(file);
}

/**
 * Where what was compiled is kept, which takes most of the time of a short command: among the packages that the module
 * may run, and nowhere that others may write.
 */
function cacheFolder(file: string): string | false {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const packages = join(folder, 'node_modules');
    if (existsSync(packages)) {
      const cache = join(packages, '.cache', 'engram');
      return [packages, dirname(cache), cache].every(isOurs) && cache;
    }
    if (folder === dirname(folder)) return false;
  }
}

/** Whether nobody else may write there, or nothing is there yet. */
function isOurs(folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined || process.getuid === undefined) return true;
  return found.uid === process.getuid() && (found.mode & 0o022) === 0;
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
const isCns = (value: unknown): value is engram.CNS => typeof value === 'object' && value !== null && FLOW in value;

function pickEntry(path: string, entry: unknown, name: string | undefined): EntryCollateral {
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
    throw new UsageError(`${path} has several entries`, { hint: `choose one with --signal: ${names.join(', ')}` });
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
