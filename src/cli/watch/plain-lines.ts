/** A run that is watched, in lines: where there is no terminal, as `engram run` tells of one. */
import type { SettledEvent } from '../../durability/events.js';
import type { Output } from '../output.js';
import { statusStyle } from '../table.js';
import { grouped, oneLine, visible } from '../text.js';
import { UNDO } from '../tree/run-tree.js';
import type { Sight } from './observer.js';
import {
  fromText,
  missingText,
  type Place,
  resumeLine,
  type Standing,
  standingOf,
  stoppedText,
  waitText,
} from './standing.js';
import type { Telling } from './telling.js';

export function plainTelling(output: Output, place: Place): Telling {
  const id = visible(place.id);
  let standing: Standing | undefined;
  let attempt = 0;
  let told = 0;
  let complaint = '';
  let life: number | undefined;
  const damage = new Set<string>();
  return {
    show: (sight) => {
      complaint = '';
      if (sight !== undefined && sight.life !== life) {
        ({ life } = sight);
        standing = undefined;
        attempt = 0;
        told = 0;
        damage.clear();
      }
      if (sight !== undefined) {
        for (const what of sight.damage) {
          if (!damage.has(what)) output.line(`${output.style('red', 'damage')} ${id}: ${oneLine(what)}`);
          damage.add(what);
        }
        const isTaken = attempt > 0 && (sight.past.attempts.at(-1)?.attempt ?? 0) > attempt;
        if (isTaken) output.line(resumedLine(id, sight));
        attempt = Math.max(attempt, sight.run.envelope.attempt, sight.past.attempts.at(-1)?.attempt ?? 0);
        for (const line of newsOf(sight, told, output)) output.line(line);
        told = sight.events.length;
      }
      const now = standingOf(sight);
      if (now === standing) return;
      standing = now;
      for (const line of standingChange(sight, now, place, life !== undefined, output)) output.line(line);
    },
    complain: (message) => {
      if (message !== complaint) output.line(message);
      complaint = message;
    },
    end: () => undefined,
  };
}

function resumedLine(id: string, { past }: Sight): string {
  const last = past.attempts.at(-1);
  return `resumed ${id} from checkpoint ${last?.from ?? '?'} (attempt ${last?.attempt ?? '?'})`;
}

/** What is alike, one after the other, is a line: between two looks there may be hundreds. */
function* newsOf(sight: Sight, told: number, output: Output): Generator<string> {
  let last = '';
  let count = 0;
  const end = (): string => `${last}${count === 1 ? '' : ` ×${grouped(count)}`}`;
  for (const event of sight.events.slice(told)) {
    const text = newsText(event, sight, output);
    if (text === undefined) continue;
    if (text === last) count++;
    else {
      if (count > 0) yield end();
      last = text;
      count = 1;
    }
  }
  if (count > 0) yield end();
}

function newsText(event: SettledEvent, { past }: Sight, output: Output): string | undefined {
  const { neuron, dendrite, outcome, error } = event;
  const name = visible(neuron);
  if (outcome === 'failed') return `${output.style('red', 'failed')} ${name}: ${output.message(error ?? 'it failed')}`;
  if (dendrite === UNDO) return `undone ${name}`;
  return past.milestones.has(neuron) ? `milestone ${name}` : undefined;
}

function* standingChange(
  sight: Sight | undefined,
  standing: Standing,
  place: Place,
  wasSeen: boolean,
  output: Output,
): Generator<string> {
  const style = statusStyle(standing);
  const word = style === undefined ? standing : output.style(style, standing);
  const id = visible(place.id);
  if (sight === undefined) yield `waiting ${missingText(place, wasSeen)}`;
  else if (standing === 'stopped') {
    yield `${word} ${id}: ${stoppedText(sight)} — ${resumeLine(place)} goes on ${fromText(sight)}`;
  } else if (standing === 'waiting') yield `${word} ${id}${waitText(sight)}`;
  else if (standing === 'running') yield `${word} ${id}: ${visible(sight.lease?.owner.label ?? '')}`;
  else yield `${word} ${id}`;
}
