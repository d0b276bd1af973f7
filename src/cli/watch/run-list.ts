/** `engram watch` without an id: the runs of a store, what has not ended first and then the newest, until it is stopped. */
import type { Clock } from '../../clock/clock.js';
import type { Store } from '../../durability/store.js';
import { failureOf } from '../failure.js';
import type { Output } from '../output.js';
import { pagesOf, rowOf, type RunRow, runTable } from '../run-rows.js';
import { cutEnd } from '../text-width.js';
import { counted, grouped, visible } from '../text.js';
import { holdingOf } from '../tree/run-facts.js';
import { Pace } from './pace.js';
import { Screen } from './screen.js';

/** @returns what has ended it */
export async function watchList<End>(store: Store, clock: Clock, output: Output, end: Promise<End>): Promise<End> {
  const screen = output.isLive && output.hasRoom ? new Screen(output) : undefined;
  const pace = new Pace(clock, end);
  let told: Told = new Map();
  let rows: readonly RunRow[] = await readRows(store, clock);
  let complaint = '';
  const draw = (): void => screen?.draw(frameOf(rows, store.name, complaint, clock.now(), output, screen.height));
  const noMoreSizes = output.onResize(draw);
  try {
    for (;;) {
      const now = new Map(rows.map((row) => [row.id, textOf(row)]));
      if (screen === undefined) tellChanges(rows, now, told, store.name, output);
      pace.note(now.size !== told.size || [...now].some(([id, text]) => told.get(id) !== text));
      told = now;
      draw();
      const ended = await pace.wait();
      if (ended !== undefined) return ended;
      try {
        rows = await pace.measure(() => readRows(store, clock));
        complaint = '';
      } catch (error) {
        const { message } = failureOf(error);
        if (screen === undefined && complaint !== message) output.line(message);
        complaint = message;
      }
    }
  } finally {
    noMoreSizes();
    screen?.close();
  }
}

async function readRows(store: Store, clock: Clock): Promise<RunRow[]> {
  const rows: RunRow[] = [];
  for await (const summary of pagesOf(store, {})) {
    const row = rowOf(summary, store.name);
    const isStopped = row.status === 'running' && holdingOf(summary.lease, clock.now()) !== 'held';
    rows.push(isStopped ? { ...row, status: 'stopped' } : row);
  }
  return rows.sort((a, b) => Number(isOver(a)) - Number(isOver(b)) || (b.savedAt ?? 0) - (a.savedAt ?? 0));
}

const isOver = ({ status }: RunRow): boolean => status === 'completed' || status === 'failed' || status === 'aborted';

function frameOf(
  rows: readonly RunRow[],
  store: string,
  complaint: string,
  now: number,
  output: Output,
  height: number,
): string[] {
  const width = output.width - 1;
  const open = rows.filter((row) => !isOver(row)).length;
  const more = open === 0 ? '' : `, ${grouped(open)} not ended`;
  const what = rows.length === 0 ? 'no runs' : `${counted(rows.length, 'run')}${more}`;
  const title = cutEnd(`${what} in ${visible(store)}`, width);
  const problem = complaint === '' ? [] : [output.style('red', cutEnd(complaint, width))];
  if (rows.length === 0) return [output.style('bold', title), ...problem];
  const room = height - 4 - problem.length;
  const shown = rows.length <= room + 1 ? rows : rows.slice(0, room);
  const rest = rows.length - shown.length;
  const foot = rest === 0 ? [] : [output.style('dim', `${output.glyphs.folded} and ${grouped(rest)} more`)];
  return [output.style('bold', title), '', ...runTable(shown, now, output, width), ...foot, ...problem];
}

/** How each run stands, in a line, by its id. */
type Told = ReadonlyMap<string, string>;

const textOf = ({ id, status, milestone, seq }: RunRow): string =>
  `${visible(id)} ${status}${milestone === null ? '' : ` at ${visible(milestone)}`} (seq ${seq})`;

function tellChanges(rows: readonly RunRow[], now: Told, told: Told, store: string, output: Output): void {
  for (const id of told.keys()) {
    if (now.has(id)) continue;
    output.document({ id, status: 'missing' });
    output.line(`${visible(id)} is not in ${visible(store)} any more`);
  }
  for (const row of [...rows].reverse()) {
    const text = now.get(row.id) ?? '';
    if (told.get(row.id) === text) continue;
    output.document(row);
    output.line(text);
  }
}
