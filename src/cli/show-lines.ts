/** A stored run for people: the facts, and below them the tree of what has happened, or tables. */
import type { SettledEvent } from '../durability/events.js';
import { hasEnded, type Lease } from '../durability/store.js';
import type { Ending } from '../propagation/context.js';
import type { LoadedRun } from '../stimulation/load.js';
import { brief } from './json.js';
import type { Output, Style } from './output.js';
import { eventTable, openTables, restTables } from './show-tables.js';
import { statusStyle } from './table.js';
import { cutEnd } from './text-width.js';
import { counted, durationText, oneLine, timeText, visible } from './text.js';
import { drawTree } from './tree/draw.js';
import type { View } from './tree/notes.js';
import type { Holding } from './tree/run-facts.js';

export interface Details {
  readonly run: LoadedRun;
  readonly lease: Lease | null;
  readonly holding: Holding;
  /** When a run that nobody has begun is to be begun. */
  readonly due: number | null;
  /** Delivery ids of signals that the run has not taken yet. */
  readonly inbox: readonly string[];
  readonly events: readonly SettledEvent[];
  readonly damage: readonly string[];
}

/** @param last how many of the last events, in tables; undefined: all of it as a tree */
export function* linesOf(
  store: string,
  details: Details,
  last: number | undefined,
  view: View,
  output: Output,
): Generator<string> {
  const { run, events } = details;
  yield* factLines(store, details, view, output);
  if (last === undefined) {
    if (view.tree.roots.length > 0) yield '';
    for (const { text } of drawTree(view, output, output.width - 2)) yield `  ${text}`.trimEnd();
    if (!hasEnded({ ...run.envelope, graph: '', due: null })) yield* restTables(run.context, output);
    return;
  }
  yield* openTables(run.context, output);
  yield* restTables(run.context, output);
  yield* eventTable(events, last, output);
}

function* factLines(
  store: string,
  { run, lease, holding, due, inbox, damage }: Details,
  { start }: View,
  output: Output,
): Generator<string> {
  const { envelope, context } = run;
  const { id, seq, attempt, graph, milestone, savedAt } = envelope;
  const status = run.hasBegun ? envelope.status : 'queued';
  const fact = (name: string, value: string, style?: Style): string => {
    const text = cutEnd(value, output.width - 13, output.glyphs.cut);
    return `  ${output.style('dim', name.padEnd(10))} ${style === undefined ? text : output.style(style, text)}`;
  };
  const style = statusStyle(status);
  yield `${output.style('bold', visible(id))}  ${style === undefined ? status : output.style(style, status)}`;
  if (!run.hasBegun) yield fact('begun', `by nobody; due ${due === null ? 'now' : timeText(due)}`);
  // who has queued it may know no more of the flow than its name
  const version = graph.version === '' ? '' : `, version ${visible(graph.version)}`;
  yield fact('graph', `${visible(graph.name)}${version}`);
  if (run.hasBegun)
    yield fact('began', `${timeText(start)}, stored over ${durationText(Math.max(0, savedAt - start))}`);
  yield fact('stored', `${timeText(savedAt)} in ${visible(store)}`);
  yield fact('checkpoint', `${seq}, attempt ${attempt}${milestone === null ? '' : `, milestone ${milestone}`}`);
  const isLost = holding === 'dead' || holding === 'expired';
  if (lease !== null) yield fact('owner', ownerText(lease, holding), isLost ? 'red' : undefined);
  yield fact('settled', counted(context.settled, 'activation'));
  yield fact('context', Object.keys(context.values).join(', ') || 'none');
  if (context.output !== undefined) yield fact('output', visible(brief(output.shown(context.output, 'output'))));
  if (context.ending !== undefined && status === 'running') yield fact('ending', endingText(context.ending));
  if (inbox.length > 0) {
    yield fact('inbox', `${counted(inbox.length, 'signal')} to be taken: ${visible(inbox.join(', '))}`);
  }
  // a person has to read all of it
  for (const what of damage) yield `  ${output.style('dim', 'damage    ')} ${output.style('red', oneLine(what))}`;
}

function ownerText({ owner, until }: Lease, holding: Holding): string {
  const label = visible(owner.label);
  if (holding === 'dead') return `${label}, which is gone`;
  return holding === 'expired'
    ? `${label}, not heard of since ${timeText(until)}`
    : `${label} until ${timeText(until)}`;
}

const endingText = ({ status, compensate }: Ending): string =>
  `${status}${compensate ? ', as soon as what was done is undone' : ', as soon as what runs has ended'}`;
