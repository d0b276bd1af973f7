/** What a run waits for when nothing else is left of it, and the command lines that go on with it. */
import type { Clock } from '../clock/clock.js';
import type { Stimulation, Task } from '../index.js';
import { FLOW } from '../propagation/operations.js';
import { samplePayload } from './sample.js';
import type { Session } from './session.js';
import { shellWord, timeText } from './text.js';

/** What comes sooner than this is waited for. */
const WORTH_WAITING = 30_000;

export interface Waits {
  /** From outside; `until` is when it is given up (milliseconds since the epoch), or null. */
  readonly waitsFor: readonly { readonly collateral: string; readonly neuron: string; readonly until: number | null }[];
  /** When the run goes on by itself, or null. */
  readonly until: number | null;
}

export function waitsOf(stimulation: Stimulation): Waits {
  const tasks = stimulation.getOutstandingTasks();
  return {
    waitsFor: tasks.flatMap(({ expects, neuron, due }) =>
      expects === undefined ? [] : [{ collateral: expects, neuron, until: due ?? null }],
    ),
    until: soonestOf(tasks),
  };
}

function soonestOf(tasks: readonly Task[]): number | null {
  let soonest: number | null = null;
  for (const { due } of tasks) if (due !== undefined && (soonest === null || due < soonest)) soonest = due;
  return soonest;
}

/** Whether the process has nothing to do for a while. */
export const isLong = ({ until }: Waits, clock: Clock): boolean =>
  until === null || until - clock.now() > WORTH_WAITING;

/** `for approved until 2025-11-28 07:12:45Z` */
export function waitsText({ waitsFor, until }: Waits): string {
  if (waitsFor.length === 0) return until === null ? '' : `until ${timeText(until)}`;
  const named = new Map<string, number | null>();
  for (const { collateral, until: end } of waitsFor) if (!named.has(collateral)) named.set(collateral, end);
  const each = [...named].map(([name, end]) => (end === null ? name : `${name} until ${timeText(end)}`));
  return `for ${each.join(', and for ')}`;
}

/** What may be typed next. */
export interface NextLine {
  readonly command: string;
  readonly when: string | undefined;
}

/** What is needed to write them: of a session, or of a queue. */
type Place = Pick<Session, 'flow' | 'cns' | 'storeOption'>;

export function nextLines(place: Place, id: string, waits: Waits): NextLine[] {
  const { until } = waits;
  const signals = signalLines(place, id, waits);
  const resume = {
    command: `${words(place, 'resume', id)}${place.storeOption}`,
    when: until === null ? undefined : `from ${timeText(until)} on`,
  };
  return until === null ? signals : [...signals, resume];
}

export function signalLines(place: Place, id: string, { waitsFor }: Waits): NextLine[] {
  const { cns, storeOption } = place;
  return [...new Set(waitsFor.map(({ collateral }) => collateral))].map((name): NextLine => {
    const payload = samplePayload(cns[FLOW].graph.channels.get(name)?.collateral.schema);
    const option = payload === undefined ? '' : ` --payload ${shellWord(payload)}`;
    return { command: `${words(place, 'signal', id)} ${shellWord(name)}${option}${storeOption}`, when: undefined };
  });
}

const words = ({ flow }: Place, command: string, id: string): string =>
  `engram ${command} ${shellWord(flow.path)} ${shellWord(id)}`;

export const lineText = ({ command, when }: NextLine): string =>
  when === undefined ? command : `${command}  # ${when}`;
