/** `engram generate tests`: writes a test for each path of a flow, or says whether a file still has them all. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, relative, resolve, sep } from 'node:path';
import { memoryStore } from '../../../adapters/memory.js';
import { systemClock } from '../../clock/clock.js';
import { describeError } from '../../errors/index.js';
import type { CNS } from '../../index.js';
import { FLOW } from '../../propagation/operations.js';
import {
  followPath,
  type FlowPaths,
  getFlowPaths,
  type OutcomesByNeuron,
  type PathStrategy,
} from '../../testing/index.js';
import { samplePayload } from '../../testing/flow-tests/sample-payload.js';
import { UsageError } from '../cli-errors.js';
import { EXIT } from '../exit-codes.js';
import { type EntryCollateral, type FlowModule, loadFlowModule } from '../flow-module.js';
import { OutgrownTestsError } from '../generate/errors.js';
import {
  pathsIn,
  propertyName,
  settingsIn,
  type TestCase,
  testFile,
  type TestRunner,
  type TestSettings,
} from '../generate/test-file.js';
import type { Output } from '../output.js';
import { readPayload } from '../payload.js';
import { counted, shellWord } from '../text.js';

export interface GenerateOptions {
  readonly out?: string;
  readonly entry?: string;
  readonly payload?: string;
  readonly payloads?: string;
  readonly outcomes?: string;
  readonly strategy?: string;
  readonly runner?: string;
  readonly check?: boolean;
  readonly force?: boolean;
}

const RUNNERS: readonly TestRunner[] = ['vitest', 'jest', 'node'];

export async function generateTests(path: string, options: GenerateOptions, output: Output): Promise<number> {
  const { out, check = false, force = false } = options;
  const runner = RUNNERS.find((name) => name === (options.runner ?? 'vitest'));
  if (runner === undefined) {
    throw new UsageError(`there is no runner "${options.runner}"`, {
      hint: `choose one with --runner: ${RUNNERS.join(', ')}`,
    });
  }
  if (check && out === undefined) {
    throw new UsageError('--check is given without a file', { hint: 'name it: --out flow.test.ts --check' });
  }
  if (!check && !force && out !== undefined && existsSync(out)) {
    throw new UsageError(`${out} is there already`, {
      hint: 'somebody may have changed it: --check says whether it has every path, --force writes it anew',
    });
  }
  const written = check ? readWritten(out as string) : '';
  const settings = { ...settingsIn(written), ...settingsOf(options) };
  const flow = await loadFlowModule(path);
  const cns = await flow.cns({ store: memoryStore(), clock: systemClock });
  const entry = flow.entry(settings.entry, '--entry');
  const found = pathsOf(cns, entry, settings);
  if (check) return checkFile(found, { path, out: out as string, written }, output);
  const text = await fileOf({ path, flow, cns, entry, found, settings, runner, options });
  const titles = found.paths.map(({ title }) => title);
  if (out === undefined) {
    output.document({ paths: titles, truncated: found.truncated, text });
    output.line(text.trimEnd());
  } else {
    writeFileSync(out, text, { flag: force ? 'w' : 'wx' });
    output.document({ file: out, paths: titles, truncated: found.truncated });
    output.line(`${out}: ${counted(titles.length, 'path')}`);
    for (const why of found.truncated) output.line(`  there may be more: ${why}`);
  }
  return EXIT.completed;
}

function settingsOf({ entry, strategy, outcomes }: GenerateOptions): TestSettings {
  return {
    ...(entry === undefined ? {} : { entry }),
    ...(strategy === undefined ? {} : { strategy: strategy as PathStrategy }),
    ...(outcomes === undefined ? {} : { outcomes: recordOf('--outcomes', outcomes) }),
  };
}

/** @throws UsageError */
function recordOf(option: string, text: string): Record<string, unknown> {
  const value = readPayload(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(`${option} is no record`, {
    hint: `give JSON, or @<file>, e.g. ${option} '{"charge":["charged","fails"]}'`,
  });
}

function readWritten(out: string): string {
  try {
    return readFileSync(out, 'utf8');
  } catch (cause) {
    throw new UsageError(`${out} cannot be read: ${describeError(cause)}`, {
      cause,
      hint: 'make it first: leave --check out',
    });
  }
}

const pathsOf = (cns: CNS, entry: EntryCollateral, { strategy, outcomes }: TestSettings): FlowPaths =>
  getFlowPaths(cns, {
    entry,
    ...(strategy === undefined ? {} : { strategy }),
    ...(outcomes === undefined ? {} : { outcomes: outcomes as OutcomesByNeuron }),
  });

interface Written {
  readonly path: string;
  readonly out: string;
  readonly written: string;
}

function checkFile({ paths }: FlowPaths, { path, out, written }: Written, output: Output): number {
  const has = new Set(pathsIn(written));
  const titles = new Set(paths.map(({ title }) => title));
  const missing = [...titles].filter((title) => !has.has(title));
  const superfluous = [...has].filter((title) => !titles.has(title));
  if (missing.length + superfluous.length > 0) {
    for (const title of missing) output.line(`missing:     ${title}`);
    for (const title of superfluous) output.line(`superfluous: ${title}`);
    const command = `engram generate tests ${shellWord(path)} --out ${shellWord(out)} --force`;
    return output.fail(new OutgrownTestsError(out, missing, superfluous, command), { missing, superfluous });
  }
  output.document({ file: out, paths: [...titles], missing, superfluous });
  output.line(`${out} has all ${counted(titles.size, 'path')} of the flow`);
  return EXIT.completed;
}

interface Making {
  readonly path: string;
  readonly flow: FlowModule;
  readonly cns: CNS;
  readonly entry: EntryCollateral;
  readonly found: FlowPaths;
  readonly settings: TestSettings;
  readonly runner: TestRunner;
  readonly options: GenerateOptions;
}

async function fileOf({ path, flow, cns, entry, found, settings, runner, options }: Making): Promise<string> {
  const { out } = options;
  const { graph } = cns[FLOW];
  const given = {
    ...(options.payloads === undefined ? {} : recordOf('--payloads', options.payloads)),
    ...(options.payload === undefined ? {} : { [found.entry[0] as string]: readPayload(options.payload) }),
  };
  const payloads = payloadsOf(graph.channels, found, given);
  const known = Object.fromEntries(Object.entries(payloads).filter(([, payload]) => payload !== undefined));
  const cases: TestCase[] = [];
  for (const each of found.paths) {
    const { steps, title } = each;
    const { failed } = await followPath(cns, { entry, path: { title, steps }, payloads: known });
    cases.push({ path: each, failed: failed.map(({ task }) => task.neuron) });
  }
  const key = flow.entryKey(entry);
  const file = out ?? `${basename(path, extname(path))}.test${extname(path)}`;
  return testFile({
    runner,
    name: graph.name,
    module: moduleFrom(file, path, runner),
    cns: flow.hasOwnCns ? 'flow.cns' : 'flow.createCns({ store: memoryStore(), clock: new SimulatedClock() })',
    entry: key === undefined ? 'flow.entry' : `flow.entry${memberOf(key)}`,
    payloads,
    check: `engram generate tests ${shellWord(path)} --out ${shellWord(file)} --check`,
    settings,
    cases,
  });
}

function memberOf(key: string): string {
  const name = propertyName(key);
  return name === key ? `.${key}` : `[${name}]`;
}

/** Of everything that is sent on the paths. */
function payloadsOf(
  channels: CNS[typeof FLOW]['graph']['channels'],
  { entry, paths }: FlowPaths,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const names = new Set<string>([...entry, ...Object.keys(given)]);
  for (const step of paths.flatMap(({ steps }) => steps)) if ('signal' in step) names.add(step.signal);
  for (const step of paths.flatMap(({ steps }) => steps)) {
    if ('neuron' in step && channels.has(step.got)) names.add(step.got);
  }
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      Object.hasOwn(given, name) ? given[name] : samplePayload(channels.get(name)?.collateral.schema),
    ]),
  );
}

/** Vitest and Jest find a `.ts` module by the name that it has when it is compiled; Node does not. */
function moduleFrom(out: string, path: string, runner: TestRunner): string {
  const found = relative(dirname(resolve(out)), resolve(path))
    .split(sep)
    .join('/');
  const module = found.startsWith('.') ? found : `./${found}`;
  return runner === 'node' ? module : module.replace(/\.(m?)ts$/, '.$1js');
}
