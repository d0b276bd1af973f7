/**
 * From a run that goes on to the exit code of the process: its end, a wait that is longer than the process is worth, or
 * the signal that stops the process before.
 */
import { AlreadyOwnedError, StimulationAbortedError, StimulationFailedError } from '../errors/index.js';
import type { Result, Stimulation } from '../index.js';
import { StalledError, UnreachableRunError } from './cli-errors.js';
import { EXIT } from './exit-codes.js';
import { brief } from './json.js';
import type { Output } from './output.js';
import type { Session } from './session.js';
import { EXIT_OF, type Stop } from './stop-signal.js';
import { bringBack } from './stored-run.js';
import { counted, shellWord, visible } from './text.js';
import { isLong, lineText, nextLines, type Waits, waitsOf, waitsText } from './waits.js';

type Outcome =
  { readonly result: Result } | { readonly error: unknown } | { readonly stop: Stop } | 'stalled' | 'waiting';

/**
 * @param more for the document
 * @param wanted how it is to end; anything else is a failure
 */
export async function follow(
  session: Session,
  stimulation: Stimulation,
  output: Output,
  more: Readonly<Record<string, unknown>> = {},
  wanted: 'completed' | 'aborted' = 'completed',
): Promise<number> {
  const { progress } = session;
  const { id } = stimulation;
  progress.watch(id, () => standingOf(stimulation));
  const outcome = await firstOf(session, stimulation);
  if (outcome === 'waiting') return waiting(session, stimulation, output, more);
  progress.stop();
  if (outcome === 'stalled') return output.fail(stalledError(stimulation), { ...more, id });
  if ('stop' in outcome) return stopped(session, id, outcome.stop, output, more);
  if ('error' in outcome) {
    const { error } = outcome;
    const hasEnded = error instanceof StimulationFailedError || error instanceof StimulationAbortedError;
    if (wanted === 'aborted' && error instanceof StimulationAbortedError && error.errors.length === 0) {
      output.document({ ...more, id, status: 'aborted' });
      output.line(`${output.style('yellow', 'aborted')} ${visible(id)}`);
      return EXIT.completed;
    }
    const known = { ...more, id, ...(hasEnded ? { status: stimulation.status } : {}) };
    return output.fail(error, known, `see what was not done: engram show ${shellWord(id)}${session.storeOption}`);
  }
  return completed(outcome.result, output, more);
}

/** Tells of a run that has completed. @param more for the document */
export function completed(result: Result, output: Output, more: object): number {
  const { id, status, output: given, unclaimed: early } = result;
  const value = output.shown(given, 'output');
  const unclaimed = early.map((one) => ({ ...one, payload: output.shown(one.payload, 'payload', one.collateral) }));
  const left = unclaimed.length === 0 ? {} : { unclaimed };
  output.document({ ...more, id, status, output: value, ...left });
  const shown = value === undefined ? '' : `, output ${brief(value)}`;
  const names = unclaimed.map(({ collateral }) => visible(collateral)).join(', ');
  const nobody = names === '' ? '' : `, with ${counted(unclaimed.length, 'signal')} that nobody waited for: ${names}`;
  output.line(`${output.style('green', 'completed')} ${visible(id)}${shown}${nobody}`);
  return EXIT.completed;
}

/** Cheap enough for ten times a second. The actor is not asked for before the run has one. */
function standingOf(stimulation: Stimulation): { settled: number; pending: number } {
  if (stimulation.status === 'starting') return { settled: 0, pending: 0 };
  const { settled, frontier } = stimulation.actor.getSnapshot().context;
  return { settled, pending: frontier.length };
}

function stalledError(stimulation: Stimulation): StalledError | UnreachableRunError {
  const { waitsFor } = waitsOf(stimulation);
  const { id } = stimulation;
  return waitsFor.length === 0
    ? new StalledError(id)
    : new UnreachableRunError(
        id,
        waitsFor.map((one) => one.collateral),
      );
}

function firstOf(session: Session, stimulation: Stimulation): Promise<Outcome> {
  return new Promise((resolve) => {
    const handlers: [string, () => void][] = [
      ['SIGINT', () => settle({ stop: 'SIGINT' })],
      ['SIGTERM', () => settle({ stop: 'SIGTERM' })],
      ['beforeExit', () => settle('stalled')],
    ];
    const settle = (outcome: Outcome): void => {
      // the next signal ends the process at once
      for (const [event, handler] of handlers) process.off(event, handler);
      noMoreTurns();
      resolve(outcome);
    };
    const look = noticeWaits(session, stimulation, () => settle('waiting'));
    const noMoreTurns = session.onTurn((id) => {
      if (id === stimulation.id) look();
    });
    for (const [event, handler] of handlers) process.once(event, handler);
    look();
    stimulation.waitUntilComplete().then(
      (result) => settle({ result }),
      (error: unknown) => settle({ error }),
    );
  });
}

/** Looks whether the run waits; what it waits for is told, and a wait for which the process need not stay is reported. */
function noticeWaits(session: Session, stimulation: Stimulation, onLong: () => void): () => void {
  let told = '';
  return () => {
    if (stimulation.status !== 'waiting') return;
    const waits = waitsOf(stimulation);
    if (isKept(session) && isLong(waits, session.clock)) {
      onLong();
      return;
    }
    const text = waitsText(waits);
    if (waits.waitsFor.length === 0 || text === told) return;
    told = text;
    const { id } = stimulation;
    const lines = isKept(session)
      ? linesOf(session, id, waits)
      : [`${waitingLine(id, waits)}, which cannot reach it: it is not stored where anybody could find it`];
    for (const line of lines) session.progress.note(line);
  };
}

const isKept = ({ cns }: Session): boolean => cns.store !== undefined && cns.store.capabilities.survives !== 'nothing';

const waitingLine = (id: string, waits: Waits): string => `waiting ${visible(id)} ${visible(waitsText(waits))}`;

const linesOf = (session: Session, id: string, waits: Waits): string[] => [
  waitingLine(id, waits),
  ...nextLines(session, id, waits).map((line) => `  ${lineText(line)}`),
];

/** Nothing will happen for long: the run is let go, stored, and whoever signals or resumes it goes on with it. */
async function waiting(
  session: Session,
  stimulation: Stimulation,
  output: Output,
  more: Readonly<Record<string, unknown>>,
): Promise<number> {
  const { id } = stimulation;
  let waits: Waits;
  try {
    await stimulation.checkpoint();
    waits = waitsOf(stimulation);
    if (stimulation.status !== 'waiting' || !isLong(waits, session.clock)) {
      return await follow(session, stimulation, output, more);
    }
    await letGo(stimulation);
    // who signalled the run while it was held here has left it to this process
    const mail = (await session.cns.store?.inbox(id)) ?? [];
    if (mail.length > 0) return await follow(session, await bringBack(session, id), output, more);
  } catch (error) {
    session.progress.stop();
    if (!(error instanceof AlreadyOwnedError)) return output.fail(error, { ...more, id });
    output.document({ ...more, id, status: 'running', owner: error.owner });
    output.line(`${visible(id)} goes on elsewhere: ${visible(error.owner)} has taken it over`);
    return EXIT.completed;
  }
  session.progress.stop();
  const next = nextLines(session, id, waits).map(({ command }) => command);
  output.document({ ...more, id, status: 'waiting', ...waits, next });
  const [first = '', ...lines] = linesOf(session, id, waits);
  output.line(first.replace('waiting', output.style('yellow', 'waiting')));
  for (const line of lines) output.line(line);
  return EXIT.completed;
}

async function letGo(stimulation: Stimulation): Promise<void> {
  stimulation.actor.stop();
  await stimulation.waitUntilComplete().catch(() => undefined); // RunSuspendedError
}

/** The run is let go and goes on wherever it is resumed. */
async function stopped(
  session: Session,
  id: string,
  stop: Stop,
  output: Output,
  more: Readonly<Record<string, unknown>>,
): Promise<number> {
  await session.cns.close();
  const next = isKept(session)
    ? `engram resume ${shellWord(session.flow.path)} ${shellWord(id)}${session.storeOption}`
    : undefined;
  output.document({ ...more, id, status: 'stopped', signal: stop, resume: next });
  output.line(
    `${output.style('yellow', 'stopped')} ${visible(id)}${next === undefined ? '' : `, go on with: ${visible(next)}`}`,
  );
  return EXIT_OF[stop];
}
