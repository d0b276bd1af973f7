/** A stored run for people. */
import type { SettledEvent } from '../durability/events.js';
import type { Lease } from '../durability/store.js';
import { describeError } from '../errors/index.js';
import type { Ending, PendingActivation, RunContext } from '../propagation/context.js';
import type { LoadedRun } from '../stimulation/load.js';
import { brief } from './json.js';
import type { Output } from './output.js';
import { statusStyle, table } from './table.js';
import { counted, durationText, oneLine, shortened, timeText, visible } from './text.js';

export interface Details {
  readonly run: LoadedRun;
  readonly lease: Lease | null;
  /** When a run that nobody has begun is to be begun. */
  readonly due: number | null;
  /** Delivery ids of signals that the run has not taken yet. */
  readonly inbox: readonly string[];
  readonly events: readonly SettledEvent[];
  readonly damage: readonly string[];
}

export function* linesOf(
  store: string,
  { run, lease, due, inbox, events, damage }: Details,
  last: number,
  output: Output,
): Generator<string> {
  const { envelope, context } = run;
  const { id, seq, attempt, graph, milestone, savedAt } = envelope;
  const status = run.hasBegun ? envelope.status : 'queued';
  const fact = (name: string, value: string) => `  ${output.style('dim', name.padEnd(10))} ${value}`;
  const style = statusStyle(status);
  yield `${output.style('bold', visible(id))}  ${style === undefined ? status : output.style(style, status)}`;
  if (!run.hasBegun) yield fact('begun', `by nobody; due ${due === null ? 'now' : timeText(due)}`);
  // who has queued it may know no more of the flow than its name
  const version = graph.version === '' ? '' : `, version ${visible(graph.version)}`;
  yield fact('graph', `${visible(graph.name)}${version}`);
  yield fact('stored', `${timeText(savedAt)} in ${visible(store)}`);
  yield fact('checkpoint', `${seq}, attempt ${attempt}${milestone === null ? '' : `, milestone ${milestone}`}`);
  if (lease !== null) yield fact('owner', `${visible(lease.owner.label)} until ${timeText(lease.until)}`);
  yield fact('settled', counted(context.settled, 'activation'));
  yield fact('context', Object.keys(context.values).join(', ') || 'none');
  if (context.output !== undefined) yield fact('output', visible(brief(output.shown(context.output, 'output'))));
  if (context.ending !== undefined && status === 'running') yield fact('ending', endingText(context.ending));
  if (inbox.length > 0)
    yield fact('inbox', `${counted(inbox.length, 'signal')} to be taken: ${visible(inbox.join(', '))}`);
  for (const what of damage) yield fact('damage', output.style('red', oneLine(what)));

  yield* listsOf(context, output);
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

function* listsOf({ frontier, joined, early, owed, failed }: RunContext, output: Output): Generator<string> {
  const list = function* (title: string, head: readonly string[], rows: readonly string[][]): Generator<string> {
    if (rows.length === 0) return;
    yield* section(output, `${title} (${rows.length})`);
    yield* indented(table(output, head, rows));
  };
  yield* list(
    'pending',
    ['activation', 'neuron', 'signal', 'state'],
    frontier.map((one) => [one.activation, one.neuron, one.collateral, stateText(one)]),
  );
  yield* list(
    'joined',
    ['activation', 'neuron', 'signal', 'key'],
    joined.map(({ activation, neuron, collateral, key }) => [activation, neuron, collateral, key === '' ? '-' : key]),
  );
  yield* list(
    'early signals',
    ['signal', 'payload'],
    early.map(({ collateral, payload }) => {
      return [collateral, shortened(brief(output.shown(payload, 'payload', collateral)), 200)];
    }),
  );
  yield* list(
    'undone when the run fails, from the last',
    ['activation', 'neuron', 'signal'],
    owed.map(({ activation, neuron, collateral }) => [activation, neuron, collateral]),
  );
  yield* list(
    'failed',
    ['activation', 'neuron', 'signal', 'error'],
    failed.map(({ activation, neuron, collateral, error, aborted }) => {
      return [
        activation,
        neuron,
        collateral,
        aborted ? 'aborted' : shortened(output.message(describeError(error)), 200),
      ];
    }),
  );
}

/** What has to come before it starts, or ends. */
function stateText({ state, after, attempt, due, expects, undoes }: PendingActivation): string {
  const at = due === undefined ? '' : timeText(due);
  const again = attempt === undefined ? '' : `attempt ${attempt}`;
  switch (state) {
    case 'waiting':
      return `waits for ${expects ?? '?'}${due === undefined ? '' : ` until ${at}`}`;
    case 'delayed':
      return `${again === '' ? 'starts' : again} at ${at}`;
    case 'running':
      return 'ran when the run was aborted: not done again';
    case 'held':
      return `after ${after ?? '?'}${due === undefined ? '' : `, at ${at}`}`;
    default:
      return [`starts when resumed`, again, undoes === undefined ? '' : `undoes ${undoes}`].filter(Boolean).join(', ');
  }
}

const endingText = ({ status, compensate }: Ending): string =>
  `${status}${compensate ? ', as soon as what was done is undone' : ', as soon as what runs has ended'}`;

function* section(output: Output, title: string): Generator<string> {
  yield '';
  yield `  ${output.style('bold', title)}`;
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
