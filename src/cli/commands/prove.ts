/** `engram prove`: the ways through a flow, what of it cannot be reached, and whether it survives a crash anywhere. */
import { memoryStore } from '../../../adapters/memory.js';
import { systemClock } from '../../clock/clock.js';
import { InvalidArgumentError } from '../../errors/index.js';
import type { Signal } from '../../graph/collateral.js';
import type { CNS } from '../../index.js';
import { FLOW } from '../../propagation/operations.js';
import {
  checkCrashes,
  type CheckCrashesOptions,
  type CrashReport,
  getCoverage,
  getFlowPaths,
} from '../../testing/index.js';
import type { CalmEnd, ProcessHost } from '../../testing/crashes/options.js';
import { rehearse } from '../../testing/crashes/rehearse.js';
import { UsageError } from '../cli-errors.js';
import { readCount } from '../count.js';
import { EXIT } from '../exit-codes.js';
import { type FlowModule, loadFlowModule } from '../flow-module.js';
import { outputOf } from '../named-collateral.js';
import { type Output, replaceConsole } from '../output.js';
import { readPayload } from '../payload.js';
import { countProcesses } from '../prove/counter.js';
import { exportedOptions } from '../prove/exported-options.js';
import { documentOf, type Proof } from '../prove/proof.js';
import { linesOf } from '../prove/proof-lines.js';
import { byName, named, readAnswer } from '../prove/signals.js';
import { storesFor } from '../prove/stores.js';
import { type Witness, witnessed } from '../prove/witness.js';
import { redactBy } from '../redaction.js';
import { counted, shellWord } from '../text.js';

/** Nobody waits for a command as a test runner does for a test, in milliseconds. */
const PATIENCE = 20_000;
const SEE_HELP = 'see engram prove --help';

export interface ProveOptions {
  readonly entry?: string;
  readonly payload?: string;
  readonly answer?: readonly string[];
  readonly at?: readonly string[];
  readonly pairs?: string;
  readonly store?: string;
}

export async function prove(path: string, options: ProveOptions, output: Output): Promise<number> {
  const pairs = readCount('--pairs', options.pairs, { least: 0, most: 100_000 });
  const payload = readPayload(options.payload);
  const store = storesFor(options.store);
  if (process.env['ENGRAM_DEBUG'] !== '1') replaceConsole(() => undefined); // what it prints it prints in each run
  const flow = await loadFlowModule(path);
  const cns = await flow.cns({ store: memoryStore(), clock: systemClock });
  redactBy(cns, output);
  const exported = exportedOptions(path, flow.prove);
  const signal = signalOf(flow, cns, options, payload, exported.signal);
  const witness = await witnessed(exported);
  const proof = await proven(flow, cns, options, output, witness, {
    shown: output.shown,
    ends: 'any', // it is told how
    patience: PATIENCE,
    ...witness.options,
    ...(store === undefined ? {} : { store }),
    ...(pairs === undefined ? {} : { pairs }),
    ...(options.at === undefined ? {} : { at: options.at }),
    ...namedOutput(cns, exported.output),
    signal,
    answers:
      options.answer?.map((each) => readAnswer(cns, each)) ?? (exported.answers ?? []).map((each) => byName(cns, each)),
  });
  output.document(documentOf(proof, output));
  if (!output.isJson) for (const line of linesOf(proof, output)) output.line(line);
  return proof.report.ok ? EXIT.completed : EXIT.failed;
}

/** The one of the command line; without any, that of the module. */
function signalOf(
  flow: FlowModule,
  cns: CNS,
  { entry, payload: text }: ProveOptions,
  payload: unknown,
  exported: CheckCrashesOptions['signal'] | undefined,
): readonly Signal[] {
  const isTold = entry !== undefined || text !== undefined || exported === undefined;
  const given = isTold ? flow.entry(entry, '--entry').createSignal(payload) : exported;
  const list = Array.isArray(given) ? (given as readonly Signal[]) : [given as Signal];
  return list.map((signal) => byName(cns, signal));
}

function namedOutput(cns: CNS, exported: CheckCrashesOptions['output']): Pick<CheckCrashesOptions, 'output'> {
  const output = exported ?? outputOf(cns, undefined);
  return output === undefined ? {} : { output: named(cns, output) };
}

async function proven(
  flow: FlowModule,
  cns: CNS,
  options: ProveOptions,
  output: Output,
  witness: Witness,
  asked: CheckCrashesOptions,
): Promise<Proof> {
  const report = await checked(flow, asked, output);
  const { graph } = cns[FLOW];
  const signals = asked.signal as readonly Signal[];
  const entry = signals.map(({ collateral }) => graph.channels.get(collateral.name ?? '')?.collateral ?? collateral);
  const paths = getFlowPaths(cns, { entry });
  const all = getFlowPaths(cns, { entry, strategy: 'transitions' });
  const sent = new Set([...signals, ...(asked.answers ?? [])].map(({ collateral }) => collateral.name));
  const unsent = [...graph.channels.values()].filter(({ name, expected }) => expected && !sent.has(name));
  const unproven = graph.neurons.map(({ name }) => name).filter((name) => !report.ran.includes(name));
  const found = {
    flow: flow.path,
    entry: signals.map(({ collateral }) => collateral.name ?? '').join(' + '),
    paths,
    coverage: getCoverage(cns, [paths, all]),
    report,
    unproven,
    unsent: unsent.map(({ name }) => name),
  };
  return { ...found, notes: notesOf(found, asked, witness), again: againOf(flow.path, options, report) };
}

/** Where nothing is reset, a run before all others leaves the world as they are to find it. */
async function checked(flow: FlowModule, asked: CheckCrashesOptions, output: Output): Promise<CrashReport> {
  const counter = countProcesses(output);
  const fresh = async (host: ProcessHost): Promise<CNS> => {
    counter.next();
    return (await flow.afresh()).cns(host);
  };
  try {
    if (asked.reset === undefined) assertEnds(await rehearse(fresh, asked));
    const report = await checkCrashes(fresh, asked);
    assertEnds(report.end);
    return report;
  } catch (error) {
    throw inWordsOfCommand(error);
  } finally {
    counter.end();
  }
}

/** @throws UsageError where it does not, for want of an answer */
function assertEnds({ waitsFor }: CalmEnd): void {
  if (waitsFor.length === 0) return;
  throw new UsageError(`the run waits for ${waitsFor.join(', ')}, which nobody sends`, {
    hint: `send it with ${waitsFor.map((name) => `--answer '${name}=<json>'`).join(' ')}`,
  });
}

/** What the library says of its options, said of those of the command line. */
function inWordsOfCommand(error: unknown): unknown {
  if (!(error instanceof InvalidArgumentError)) return error;
  const [, option, what = ''] = /^checkCrashes: (at|answers): (.*)$/s.exec(error.message) ?? [];
  if (option === undefined) return error;
  const hint = error.hint?.replace("at: 'save 3, before', or one", "--at 'save 3, before', or one") ?? SEE_HELP;
  return new UsageError(`${option === 'at' ? '--at' : '--answer'}: ${what}`, { cause: error, hint });
}

function notesOf(
  { unproven, unsent, report }: Pick<Proof, 'unproven' | 'unsent' | 'report'>,
  { effects, reset }: CheckCrashesOptions,
  { hasSeenNothing }: Witness,
): string[] {
  const notes: string[] = [];
  if (unproven.length > 0) {
    notes.push(
      `not on its way: ${unproven.join(', ')}; prove ${unproven.length === 1 ? 'it' : 'them'} with another payload or answer`,
    );
  }
  if (unsent.length > 0)
    notes.push(`it may wait for ${unsent.join(', ')}: --answer '${unsent[0] ?? ''}=<json>' proves that way too`);
  if (effects === undefined) {
    notes.push('what it leaves outside was not compared: export const prove = { effects: () => what stands there }');
  } else if (hasSeenNothing) {
    notes.push(
      'prove.effects saw nothing change: what a module keeps in memory dies with its process; read a file, a table',
    );
  }
  if (effects !== undefined && reset === undefined) {
    notes.push(
      'nothing was reset: each run found what those before it had left; export const prove = { reset: () => … }',
    );
  }
  notes.push(`what it does outside was really done, in ${counted(report.runs, 'run')}`);
  return notes;
}

/** The first problem that a crash brings, by itself. */
function againOf(path: string, options: ProveOptions, { problems }: CrashReport): string | undefined {
  const at = problems.find((problem) => problem.at.length > 0)?.at;
  if (at === undefined || options.at !== undefined) return undefined;
  const { entry, payload, answer = [], store } = options;
  const words = (option: string, values: readonly (string | undefined)[]) =>
    values.flatMap((value) => (value === undefined ? [] : [option, shellWord(value)]));
  return [
    'engram prove',
    shellWord(path),
    ...words('--entry', [entry]),
    ...words('--payload', [payload]),
    ...words('--answer', answer),
    ...words('--store', [store]),
    ...words('--at', at),
  ].join(' ');
}
