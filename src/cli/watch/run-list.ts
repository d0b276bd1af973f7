/** `engram watch` without an id: the runs of a store, what has not ended first and then the newest, until it is stopped. */
import type { Clock } from '../../clock/clock.js';
import type { Store } from '../../durability/store.js';
import { failureOf } from '../failure.js';
import type { Output } from '../output.js';
import { pagesOf, rowOf, type RunRow, runTable } from '../run-rows.js';
import type { Stop } from '../stop-signal.js';
import { cutEnd } from '../text-width.js';
import { counted, grouped, visible } from '../text.js';
import { holdingOf } from '../tree/run-facts.js';
import { Pace } from './pace.js';
import { Screen } from './screen.js';

export async function watchList(store: Store, clock: Clock, output: Output, stop: Promise<Stop>): Promise<Stop> {
  const screen = output.isLive ? new Screen(output) : undefined;
  const pace = new Pace(clock);
  const told = new Map<string, string>();
  let rows: readonly RunRow[] = await readRows(store, clock);
  let complaint = '';
  const draw = (): void => screen?.draw(frameOf(rows, store.name, complaint, clock.now(), output, screen.height));
  const noMoreSizes = output.onResize(draw);
  try {
    for (;;) {
      const isNew = tellChanges(rows, told, screen === undefined ? output : undefined);
      pace.note(isNew);
      draw();
      const stopped = await pace.wait(stop);
      if (stopped !== undefined) return stopped;
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

/** @returns whether anything is new since the last time */
function tellChanges(rows: readonly RunRow[], told: Map<string, string>, output: Output | undefined): boolean {
  let isNew = false;
  for (const row of [...rows].reverse()) {
    const { id, status, milestone, seq } = row;
    const text = `${visible(id)} ${status}${milestone === null ? '' : ` at ${visible(milestone)}`} (seq ${seq})`;
    if (told.get(id) === text) continue;
    told.set(id, text);
    isNew = true;
    output?.document(row);
    output?.line(text);
  }
  return isNew;
}
