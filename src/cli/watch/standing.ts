/** How a run that is watched stands: for programs, and in a line for people. */
import type { Output, Style } from '../output.js';
import { cutEnd, cutMiddle, widthOf } from '../text-width.js';
import { durationText, grouped, oneLine, shellWord, timeText, visible } from '../text.js';
import type { Sight } from './observer.js';

/** What is needed to write a command line that goes on with it. */
export interface Place {
  readonly id: string;
  /** For messages. */
  readonly store: string;
  /** The path of its flow, where it is known. */
  readonly flow: string | undefined;
  readonly storeOption: string;
}

export type Standing = 'missing' | 'queued' | 'running' | 'waiting' | 'stopped' | 'completed' | 'failed' | 'aborted';

/** `stopped`: there is something to do, and nobody left who would do it. */
export function standingOf(sight: Sight | undefined): Standing {
  if (sight === undefined) return 'missing';
  const { run, holding } = sight;
  if (!run.hasBegun) return 'queued';
  const { status } = run.envelope;
  return status === 'running' && holding !== 'held' ? 'stopped' : status;
}

export const resumeLine = ({ id, flow, storeOption }: Place): string =>
  `engram resume ${flow === undefined ? '<flow>' : shellWord(flow)} ${shellWord(id)}${storeOption}`;

/** Why there is nothing to be seen. */
export const missingText = ({ id, store }: Place, wasSeen: boolean): string =>
  wasSeen
    ? `until ${visible(id)} is begun again: it is not in ${visible(store)} any more`
    : `until ${visible(id)} is begun: it is not in ${visible(store)} yet`;

/** Why nobody goes on with it. */
export function stoppedText({ lease, holding }: Sight): string {
  const label = lease === null ? '' : visible(lease.owner.label);
  if (holding === 'dead') return `${label} is gone`;
  if (lease !== null && holding === 'expired') return `${label} was not heard of since ${timeText(lease.until)}`;
  return 'its process has let it go';
}

/** `from milestone pay, checkpoint 7` */
export function fromText({ run }: Sight): string {
  const { seq, milestone } = run.envelope;
  return `from ${milestone === null ? '' : `milestone ${visible(milestone)}, `}checkpoint ${seq}`;
}

/** `for approved until …`, `until …` */
export function waitText({ run, due }: Sight): string {
  const names = [...new Set(run.context.frontier.flatMap(({ expects }) => (expects === undefined ? [] : [expects])))];
  const until = due === null ? '' : ` until ${timeText(due)}`;
  return `${names.length === 0 ? '' : ` for ${visible(names.join(', '))}`}${until}`;
}

/** Beside what is seen. */
interface Moment {
  readonly now: number;
  readonly frame: number;
  /** Whether there was such a run before. */
  readonly wasSeen: boolean;
}

/** More would leave no room for the tree. */
const MOST_DAMAGE = 2;

/** The lines below a tree. */
export function standingLines(
  sight: Sight | undefined,
  place: Place,
  moment: Moment,
  output: Output,
  width: number,
): readonly string[] {
  const damage = sight?.damage ?? [];
  const shown = damage.length > MOST_DAMAGE ? damage.slice(0, MOST_DAMAGE - 1) : damage;
  const more = shown.length === damage.length ? [] : [`${damage.length - shown.length} more`];
  const texts = [...shown.map(oneLine), ...more].map((text) => cutMiddle(`damage: ${text}`, width, output.glyphs.cut));
  return [...howItStands(sight, place, moment, output, width), ...texts.map((text) => output.style('red', text))];
}

function howItStands(
  sight: Sight | undefined,
  place: Place,
  { now, frame, wasSeen }: Moment,
  output: Output,
  width: number,
): readonly string[] {
  const { glyphs } = output;
  const line = (style: Style, head: string, ...more: readonly string[]): string => {
    const rest = more.filter(Boolean).join(' · ');
    return `${output.style(style, head)}${cutEnd(rest, width - widthOf(head), glyphs.cut)}`;
  };
  if (sight === undefined) {
    return [line('yellow', `${glyphs.waiting} waiting`, ` ${missingText(place, wasSeen)}`)];
  }
  const { run, start, lease } = sight;
  const { savedAt } = run.envelope;
  const settled = `${grouped(run.context.settled)} settled`;
  const pending = `${grouped(run.context.frontier.length)} pending`;
  const owner = lease === null ? '' : ` ${visible(lease.owner.label)}`;
  const standing = standingOf(sight);
  switch (standing) {
    case 'completed':
      return [line('green', `${glyphs.done} completed`, ` in ${durationText(savedAt - start)}`, settled)];
    case 'failed':
    case 'aborted':
      return [line('red', `${glyphs.failed} ${standing}`, ` after ${durationText(savedAt - start)}`, settled)];
    case 'stopped':
      return [
        line('red', `${glyphs.failed} stopped`, `: ${stoppedText(sight)}`, settled, pending),
        line('bold', `  ${resumeLine(place)}`, ` goes on ${fromText(sight)}`),
      ];
    case 'waiting':
      return [line('yellow', `${glyphs.waiting} waiting`, waitText(sight), owner.trim(), settled, pending)];
    case 'queued':
      return [line('cyan', `${glyphs.waiting} queued`, ': nobody has begun it yet')];
    default: {
      const mark = glyphs.spinner[frame % glyphs.spinner.length] ?? '';
      return [line('cyan', `${mark} running`, owner, settled, pending, durationText(Math.max(0, now - start)))];
    }
  }
}

/** For programs. */
export function documentOf(sight: Sight | undefined, place: Place): Readonly<Record<string, unknown>> {
  const { id } = place;
  const status = standingOf(sight);
  if (sight === undefined) return { id, status };
  const { run, lease, holding, damage } = sight;
  const { seq, attempt, milestone, savedAt } = run.envelope;
  const { settled, frontier, failed } = run.context;
  const owner = lease === null ? null : { label: lease.owner.label, until: lease.until, isGone: holding === 'dead' };
  const stopped = status === 'stopped' ? { why: stoppedText(sight), next: resumeLine(place) } : {};
  return {
    ...{ id, status, seq, attempt, milestone, savedAt, owner },
    ...{ settled, pending: frontier.length, failed: failed.length, damage },
    ...stopped,
  };
}
