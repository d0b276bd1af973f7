/** A stored run in tables, with the ids of its activations: what is left of it, and the last that has happened. */
import type { SettledEvent } from '../durability/events.js';
import { describeError } from '../errors/index.js';
import type { PendingActivation, RunContext } from '../propagation/context.js';
import { brief } from './json.js';
import type { Output } from './output.js';
import { type Column, table } from './table.js';
import { cutEnd } from './text-width.js';
import { durationText, timeText } from './text.js';

/** What has happened to signals and settlements that no activation tells of. */
export function* restTables({ early, owed }: RunContext, output: Output): Generator<string> {
  yield* list(
    output,
    'early signals',
    ['signal', 'payload'],
    early.map(({ collateral, payload }) => {
      return [collateral, cutEnd(brief(output.shown(payload, 'payload', collateral)), 200)];
    }),
  );
  yield* list(
    output,
    'undone when the run fails, from the last',
    ['activation', 'neuron', 'signal'],
    owed.map(({ activation, neuron, collateral }) => [activation, neuron, collateral]),
  );
}

export function* openTables({ frontier, joined, failed }: RunContext, output: Output): Generator<string> {
  yield* list(
    output,
    'pending',
    ['activation', 'neuron', 'signal', 'state'],
    frontier.map((one) => [one.activation, one.neuron, one.collateral, stateText(one)]),
  );
  yield* list(
    output,
    'joined',
    ['activation', 'neuron', 'signal', 'key'],
    joined.map(({ activation, neuron, collateral, key }) => [activation, neuron, collateral, key === '' ? '-' : key]),
  );
  yield* list(
    output,
    'failed',
    ['activation', 'neuron', 'signal', 'error'],
    failed.map(({ activation, neuron, collateral, error, aborted }) => {
      return [activation, neuron, collateral, aborted ? 'aborted' : cutEnd(output.message(describeError(error)), 200)];
    }),
  );
}

export function* eventTable(events: readonly SettledEvent[], last: number, output: Output): Generator<string> {
  if (last === 0 || events.length === 0) return;
  const shown = events.slice(-last);
  yield* section(output, shown.length < events.length ? `last ${shown.length} of ${events.length} events` : 'events');
  const rows = shown.map(({ activation, neuron, outcome, emitted, startedAt, settledAt }) => {
    const took = startedAt === undefined ? '' : durationText(settledAt - startedAt);
    return [activation, timeText(settledAt), neuron, outcome === 'failed' ? 'failed' : emitted.join(', ') || '-', took];
  });
  yield* indentedTable(output, ['activation', 'settled', 'neuron', 'emitted', 'took'], rows);
}

function* list(output: Output, title: string, head: readonly string[], rows: readonly string[][]): Generator<string> {
  if (rows.length === 0) return;
  yield* section(output, `${title} (${rows.length})`);
  yield* indentedTable(output, head, rows);
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

function* section(output: Output, title: string): Generator<string> {
  yield '';
  yield `  ${output.style('bold', title)}`;
}

/** All of them are cut where the terminal ends, the first one first. */
function indentedTable(output: Output, head: readonly string[], rows: readonly string[][]): string[] {
  const columns = head.map((name, at): Column => {
    if (at === 0) return { name, least: 12, cut: 'middle' };
    return { name, least: 8 };
  });
  return table(output, columns, rows, output.width - 2).map((line) => `  ${line}`);
}
