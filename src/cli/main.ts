#!/usr/bin/env node
/** `engram`: runs flows, resumes them, and shows what is stored. Not its job: anything that the library can do without it. */
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { UncaughtError, UsageError } from './cli-errors.js';
import { EXIT } from './exit-codes.js';
import { Output } from './output.js';
import { PROVE_HELP } from './prove/help.js';
import { oneLine } from './text.js';

const { version } = createRequire(import.meta.url)('engram/package.json') as { readonly version: string };
const STORE = [
  '--store <url>',
  'file:<directory>, redis://<host>:<port> or memory: (default: $ENGRAM_STORE, else file:.engram)',
] as const;
const JSON_OPTION = ['--json', 'print one JSON document and nothing else'] as const;
const JSON_LINES = ['--json', 'print a line of JSON for each event and nothing else'] as const;
const FROM_ENTRY = [
  '--from-entry',
  'start what is damaged beyond repair again, with the entry that is stored',
] as const;
const QUEUE_STORE = [
  '--store <url>',
  'where the queue and its runs are: redis://<host>:<port> (default: $ENGRAM_STORE)',
] as const;
const QUEUE = ['--queue <name>', 'the name of the queue (default: that of the flow)'] as const;
const ENQUEUE = [
  '--enqueue',
  'store it for the workers of the queue and wake the run there: nothing goes on here',
] as const;
const QUEUE_OF_WORKERS = ['--queue <name>', 'as --enqueue, for a queue that has not the name of the flow'] as const;
const TRACE = ['--trace <file>', 'append a JSON line to this file before each call of a handler'] as const;

const several = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

const COMMANDS = [
  'run',
  'resume',
  'signal',
  'abort',
  'recover',
  'ls',
  'show',
  'watch',
  'status',
  'worker',
  'enqueue',
  'graph',
  'prove',
  'generate',
];

/** Commands are loaded when they are used: a list needs no flow, and a flow no list. */
function createProgram(output: Output, done: (code: number) => void): Command {
  const program = new Command('engram')
    .description('State machines on a graph that survive a crash: run a flow, kill it, resume it.')
    .version(version)
    .option(...JSON_OPTION)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .showSuggestionAfterError();
  const command = (usage: string, about: string, json: readonly [string, string] = JSON_OPTION) =>
    program
      .command(usage)
      .description(about)
      .option(...json);

  command('run', 'start a run of a flow and follow it to its end')
    .argument('<flow module>', 'a .ts or .js file that exports createCns({ store, clock }) or cns, and entry')
    .option('--signal <name>', 'the entry to use, when the flow has several')
    .option('--payload <json>', 'the payload of the signal: JSON, @file, or @- for stdin')
    .option('--id <id>', 'the id of the run; the same id and payload again attaches to the run that is there')
    .option('--output <collateral>', 'the collateral whose last payload is the output')
    .option(...STORE)
    .option(...TRACE)
    .action(async (path: string, options: object) => {
      done(await (await import('./commands/run.js')).run(path, options, output));
    });
  command('resume', 'go on with a stored run from its last milestone')
    .argument('<flow module>', 'the module that the run was started with')
    .argument('<id>', 'the id of the run')
    .option(...FROM_ENTRY)
    .option(...STORE)
    .option(...TRACE)
    .action(async (path: string, id: string, options: object) => {
      done(await (await import('./commands/resume.js')).resume(path, id, options, output));
    });
  command('signal', 'send a signal from outside to a stored run, and go on with the run when nobody else holds it')
    .argument('<flow module>', 'the module that the run was started with')
    .argument('<id>', 'the id of the run')
    .argument('<collateral>', 'the name of the collateral')
    .option('--payload <json>', 'the payload of the signal: JSON, @file, or @- for stdin')
    .option('--delivery-id <id>', 'the same id again is the same signal, and counts once (default: a new one)')
    .option('--detach', 'store the signal and do not go on with the run')
    .option(...ENQUEUE)
    .option(...QUEUE_OF_WORKERS)
    .option(...STORE)
    .option(...TRACE)
    .action(async (path: string, id: string, collateral: string, options: object) => {
      done(await (await import('./commands/signal.js')).signal(path, id, collateral, options, output));
    });
  command('abort', 'abort a stored run, and end it here when nobody else holds it')
    .argument('<flow module>', 'the module that the run was started with')
    .argument('<id>', 'the id of the run')
    .option('--reason <text>', 'why; stored with the run')
    .option('--compensate', 'undo what the run has done, where its neurons say how')
    .option('--delivery-id <id>', 'the same id again is the same abort, and counts once (default: a new one)')
    .option('--detach', 'store the abort and do not end the run')
    .option(...ENQUEUE)
    .option(...QUEUE_OF_WORKERS)
    .option(...STORE)
    .option(...TRACE)
    .action(async (path: string, id: string, options: object) => {
      done(await (await import('./commands/abort.js')).abort(path, id, options, output));
    });
  command('recover', 'go on with every run of a flow that nobody holds and that has something to do')
    .argument('<flow module>', 'the module that the runs were started with')
    .option('--concurrency <count>', 'how many are brought back at once (default: 64)')
    .option(...FROM_ENTRY)
    .option(...STORE)
    .option(...TRACE)
    .action(async (path: string, options: object) => {
      done(await (await import('./commands/recover.js')).recover(path, options, output));
    });
  command('ls', 'list the stored runs')
    .option('--status <status>', 'only these, separated by commas: running, waiting, completed, failed, aborted')
    .option('--graph <name>', 'only runs of this graph')
    .option(...STORE)
    .action(async (options: object) => {
      done(await (await import('./commands/ls.js')).ls(options, output));
    });
  command('show', 'show one stored run')
    .argument('<id>', 'the id of the run')
    .option('--events <count>', 'the last of its events, in tables with the ids of activations, instead of the tree')
    .option(
      '--flow <flow module>',
      'the flow of the run: what its CNS redacts is not shown ($ENGRAM_REDACT names more)',
    )
    .option(...STORE)
    .action(async (id: string, options: object) => {
      done(await (await import('./commands/show.js')).show(id, options, output));
    });
  command('watch', 'follow a stored run live until it has ended, or the list of runs until ctrl-c', JSON_LINES)
    .argument('[id]', 'the id of the run, which need not be there yet (default: all runs)')
    .option('--flow <flow module>', 'the flow of the run: its milestones are known, and what its CNS redacts is hidden')
    .option(...STORE)
    .action(async (id: string | undefined, options: object) => {
      done(await (await import('./commands/watch.js')).watch(id, options, output));
    });
  command('status', 'say how one stored or queued run stands, and how far it is')
    .argument('<id>', 'the id of the run')
    .option(...QUEUE)
    .option(...STORE)
    .action(async (id: string, options: object) => {
      done(await (await import('./commands/status.js')).status(id, options, output));
    });
  command(
    'worker',
    'take runs of a flow from its queue, on this machine and on others, until SIGINT or SIGTERM',
    JSON_LINES,
  )
    .argument('<flow module>', 'a .ts or .js file that exports createCns({ store, clock }) or cns')
    .option('--concurrency <count>', 'how many runs go on here at once (default: 10)')
    .option('--grace <duration>', 'how long what runs may take to answer when the worker is stopped (default: 10s)')
    .option(...QUEUE)
    .option(...QUEUE_STORE)
    .option(...TRACE)
    .action(async (path: string, options: object) => {
      done(await (await import('./commands/worker.js')).worker(path, options, output));
    });
  command('enqueue', 'start a run of a flow that a worker takes')
    .argument('<flow module>', 'the module that the workers have')
    .option('--signal <name>', 'the entry to use, when the flow has several')
    .option('--payload <json>', 'the payload of the signal: JSON, @file, or @- for stdin')
    .option('--id <id>', 'the id of the run; the same id and payload again is the same run')
    .option('--output <collateral>', 'the collateral whose last payload is the output')
    .option('--delay <duration>', 'when the run begins, e.g. 10s or 2h from now')
    .option('--priority <number>', 'runs of a smaller one are taken first; those without one before all others')
    .option('--attempts <count>', 'how often the run is gone on with when it fails (default: 1)')
    .option('--wait', 'wait for the end of the run, and print it')
    .option(...QUEUE)
    .option(...QUEUE_STORE)
    .action(async (path: string, options: object) => {
      done(await (await import('./commands/enqueue.js')).enqueue(path, options, output));
    });
  command('graph', 'draw a flow, and where a run of it stands')
    .argument('<flow module>', 'a .ts or .js file that exports createCns({ store, clock }) or cns, and entry')
    .option(
      '--format <name>',
      'mermaid, dot, svg, stately or json (default: what the extension of --out says, else mermaid)',
    )
    .option('--view <name>', 'graph: neurons and collaterals; statechart: the machine made of them (default: graph)')
    .option('--direction <name>', 'LR: from left to right; TB: from top to bottom (default: LR)')
    .option('--run <id>', 'colour what of this stored run is done, runs, waits or has failed')
    .option('--out <file>', 'the file to write; printed when it is left out')
    .option(...STORE)
    .action(async (path: string, options: object) => {
      done(await (await import('./commands/graph.js')).graph(path, options, output));
    });
  command('prove', 'show the paths of a flow, what it cannot reach, and whether it survives a crash anywhere')
    .argument('<flow module>', 'a .ts or .js file that exports createCns({ store, clock }) or cns, and entry')
    .option('--entry <name>', 'the entry to use, when the flow has several')
    .option('--payload <json>', 'the payload of the signal: JSON, @file, or @- for stdin')
    .option('--answer <collateral=json>', 'a signal that is sent when the run waits for it; again for each', several)
    .option('--at <point>', "only this crash, e.g. 'save 3, before'; again for one in the process after it", several)
    .option('--pairs <count>', 'of how many pairs of crashes (default: 50)')
    .option('--store <url>', 'where each run has a store of its own, and then none (default: memory:)')
    .addHelpText('after', PROVE_HELP)
    .action(async (path: string, options: object) => {
      done(await (await import('./commands/prove.js')).prove(path, options, output));
    });
  command('generate', 'write files from a flow')
    .command('tests')
    .description('write a test file with one test for each path of a flow, or check that a file has them all')
    .option(...JSON_OPTION)
    .argument('<flow module>', 'a .ts or .js file that exports createCns({ store, clock }) or cns, and entry')
    .option('--out <file>', 'the file to write; printed when it is left out')
    .option('--entry <name>', 'the entry to use, when the flow has several')
    .option('--payload <json>', 'the payload of the entry: JSON, @file, or @- for stdin')
    .option('--payloads <json>', 'the payloads of signals by collateral: JSON or @file')
    .option('--outcomes <json>', 'what neurons may answer, e.g. {"charge":["charged","fails"]}: JSON or @file')
    .option('--strategy <name>', 'shortest: a path to each end; transitions: few paths that take everything')
    .option('--runner <name>', 'vitest, jest or node (default: vitest)')
    .option('--check', 'write nothing, and fail when the file lacks a path of the flow or has one too many')
    .option('--force', 'write over a file that is there')
    .action(async (path: string, options: object) => {
      done(await (await import('./commands/generate.js')).generateTests(path, options, output));
    });
  program.addHelpText(
    'after',
    '\nExit codes: 0 completed, waiting for the outside, or proven, 1 the run failed or the proof, 2 bad input or nothing that could be done, 130/143 stopped by a signal.',
  );
  return program;
}

async function main(args: readonly string[]): Promise<number> {
  const output = new Output(args.includes('--json'));
  let code: number = EXIT.completed;
  process.once('uncaughtException', (error) => void leave(output, output.fail(new UncaughtError(error))));
  try {
    await createProgram(output, (given) => (code = given)).parseAsync(args, { from: 'user' });
  } catch (error) {
    code = refused(error, args, output);
  }
  await leave(output, code);
  return code;
}

function refused(error: unknown, args: readonly string[], output: Output): number {
  if (!(error instanceof CommanderError)) return output.fail(error);
  if (error.exitCode === 0) return EXIT.completed; // --help, --version
  const command = COMMANDS.find((name) => args[0] === name);
  const message = error.code === 'commander.help' ? 'no command was given' : error.message.replace(/^error: /, '');
  return output.fail(
    new UsageError(oneLine(message), { hint: `see engram ${command === undefined ? '' : `${command} `}--help` }),
  );
}

/** Handles that a flow has left open do not keep the process: its run has ended, or is stored. */
async function leave(output: Output, code: number): Promise<never> {
  await output.flush();
  process.exit(code);
}

await main(process.argv.slice(2));
