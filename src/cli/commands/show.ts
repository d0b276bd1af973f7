import { systemClock } from '../../clock/clock.js';
import type { SettledEvent } from '../../durability/changes.js';
import { createCodec } from '../../durability/codec.js';
import type { Lease, Store } from '../../durability/store.js';
import { describeError, UnknownRunError } from '../../errors/index.js';
import { type LoadedRun, loadRun } from '../../stimulation/load.js';
import { UsageError } from '../cli-errors.js';
import { EXIT } from '../exit-codes.js';
import { brief } from '../json.js';
import { openStoredRuns, storeUrl } from '../open-store.js';
import type { Output } from '../output.js';
import { statusStyle, table } from '../table.js';
import { counted, durationText, oneLine, shortened, timeText, visible } from '../text.js';
import { readSettled } from '../watch-store.js';

export interface ShowOptions {
  readonly store?: string;
  /** How many of the last events. */
  readonly events?: string;
}

interface Details {
  readonly run: LoadedRun;
  readonly lease: Lease | null;
  readonly events: readonly SettledEvent[];
  readonly damage: readonly string[];
}

const EVENTS = 10;

export async function show(id: string, options: ShowOptions, output: Output): Promise<number> {
  const last = countOf(options.events);
  const store = openStoredRuns(storeUrl(options.store), 'show', systemClock);
  try {
    const run = await loadRun(store, id, createCodec());
    if (run === undefined) throw new UnknownRunError(id, store.name);
    const { settled, damage } = await readSettled(store, id);
    const details = {
      run,
      lease: await leaseOf(store, id),
      events: settled,
      damage: [...new Set([...run.damage, ...damage])],
    };
    output.document(documentOf(store.name, details, last));
    if (!output.isJson) for (const line of linesOf(store.name, details, last, output)) output.line(line);
    return EXIT.completed;
  } finally {
    await store.close();
  }
}

function countOf(option: string | undefined): number {
  if (option === undefined) return EVENTS;
  if (/^\d{1,9}$/.test(option)) return Number(option);
  throw new UsageError(`--events "${option}" is no number`, { hint: 'give how many of the last events to show' });
}

/** A list says who holds a run; it is in the order of ids, and a cursor just before this one makes it the first. */
async function leaseOf(store: Store, id: string): Promise<Lease | null> {
  const cursor = `${id.slice(0, -1)}${String.fromCharCode(Math.max(0, id.charCodeAt(id.length - 1) - 1))}\uffff`;
  const { runs } = await store.list({ cursor, limit: 1 });
  return runs.find((run) => run.id === id)?.lease ?? null;
}

function documentOf(store: string, { run, lease, events, damage }: Details, last: number): object {
  const { envelope, context } = run;
  const { id, seq, attempt, fence, graph, status, milestone, savedAt } = envelope;
  return {
    id,
    status,
    store,
    graph,
    seq,
    attempt,
    fence,
    milestone,
    savedAt,
    owner: lease === null ? null : { label: lease.owner.label, until: lease.until },
    settled: context.settled,
    context: Object.keys(context.values),
    pending: context.frontier.map(({ activation, neuron, dendrite, collateral, payload, after }) => {
      return { id: `${id}/${activation}`, neuron, dendrite, collateral, payload, after: after ?? null };
    }),
    failed: context.failed.map(({ activation, neuron, collateral, payload, error, aborted }) => {
      return { id: `${id}/${activation}`, neuron, collateral, payload, error: describeError(error), aborted };
    }),
    output: context.output,
    events: last === 0 ? [] : events.slice(-last),
    damage,
  };
}

function* linesOf(
  store: string,
  { run, lease, events, damage }: Details,
  last: number,
  output: Output,
): Generator<string> {
  const { envelope, context } = run;
  const { id, seq, attempt, graph, status, milestone, savedAt } = envelope;
  const fact = (name: string, value: string) => `  ${output.style('dim', name.padEnd(10))} ${value}`;
  const style = statusStyle(status);
  yield `${output.style('bold', visible(id))}  ${style === undefined ? status : output.style(style, status)}`;
  yield fact('graph', `${visible(graph.name)}, version ${visible(graph.version)}`);
  yield fact('stored', `${timeText(savedAt)} in ${visible(store)}`);
  yield fact('checkpoint', `${seq}, attempt ${attempt}${milestone === null ? '' : `, milestone ${milestone}`}`);
  if (lease !== null) yield fact('owner', `${visible(lease.owner.label)} until ${timeText(lease.until)}`);
  yield fact('settled', counted(context.settled, 'activation'));
  yield fact('context', Object.keys(context.values).join(', ') || 'none');
  if (context.output !== undefined) yield fact('output', visible(brief(context.output)));
  for (const what of damage) yield fact('damage', output.style('red', oneLine(what)));

  const { frontier, failed } = context;
  if (frontier.length > 0) {
    yield* section(output, `pending (${frontier.length})`);
    const rows = frontier.map(({ activation, neuron, collateral, after }) => {
      return [activation, neuron, collateral, after === undefined ? 'starts when resumed' : `after ${after}`];
    });
    yield* indented(table(output, ['activation', 'neuron', 'signal', 'state'], rows));
  }
  if (failed.length > 0) {
    yield* section(output, `failed (${failed.length})`);
    const rows = failed.map(({ activation, neuron, collateral, error, aborted }) => {
      return [activation, neuron, collateral, aborted ? 'aborted' : shortened(oneLine(describeError(error)), 200)];
    });
    yield* indented(table(output, ['activation', 'neuron', 'signal', 'error'], rows));
  }
  if (last > 0 && events.length > 0) {
    const shown = events.slice(-last);
    yield* section(output, shown.length < events.length ? `last ${shown.length} of ${events.length} events` : 'events');
    const rows = shown.map(({ activation, neuron, outcome, emitted, startedAt, settledAt }) => {
      const took = startedAt === undefined ? '' : durationText(settledAt - startedAt);
      return [
        activation,
        timeText(settledAt),
        neuron,
        outcome === 'failed' ? 'failed' : emitted.join(', ') || '-',
        took,
      ];
    });
    yield* indented(table(output, ['activation', 'settled', 'neuron', 'emitted', 'took'], rows));
  }
}

function* section(output: Output, title: string): Generator<string> {
  yield '';
  yield `  ${output.style('bold', title)}`;
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
