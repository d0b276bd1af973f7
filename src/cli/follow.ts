/** From a run that goes on to the exit code of the process: its end, or the signal that stops the process before. */
import { StimulationAbortedError, StimulationFailedError } from '../errors/index.js';
import type { Result, Stimulation } from '../index.js';
import { StalledError } from './cli-errors.js';
import { EXIT } from './exit-codes.js';
import { brief } from './json.js';
import type { Output } from './output.js';
import type { Session } from './session.js';
import { shellWord, visible } from './text.js';

type Stop = 'SIGINT' | 'SIGTERM';
type Outcome = { readonly result: Result } | { readonly error: unknown } | { readonly stop: Stop } | 'stalled';

export async function follow(session: Session, stimulation: Stimulation, output: Output): Promise<number> {
  const { progress } = session;
  const { id } = stimulation;
  progress.watch(id, () => standingOf(stimulation));
  const outcome = await firstOf(stimulation);
  progress.stop();
  if (outcome === 'stalled') return output.fail(new StalledError(id), { id });
  if ('stop' in outcome) return stopped(session, id, outcome.stop, output);
  if ('error' in outcome) {
    const { error } = outcome;
    const hasEnded = error instanceof StimulationFailedError || error instanceof StimulationAbortedError;
    const more = hasEnded ? { id, status: stimulation.status } : { id };
    return output.fail(error, more, `see what was not done: engram show ${shellWord(id)}${session.storeOption}`);
  }
  const { result } = outcome;
  output.document({ id, status: result.status, output: result.output });
  const shown = result.output === undefined ? '' : `, output ${brief(result.output)}`;
  output.line(`${output.style('green', 'completed')} ${visible(id)}${shown}`);
  return EXIT.completed;
}

/** Cheap enough for ten times a second. The actor is not asked for before the run has one. */
function standingOf(stimulation: Stimulation): { settled: number; pending: number } {
  if (stimulation.status === 'starting') return { settled: 0, pending: 0 };
  const { settled, frontier } = stimulation.actor.getSnapshot().context;
  return { settled, pending: frontier.length };
}

function firstOf(stimulation: Stimulation): Promise<Outcome> {
  return new Promise((resolve) => {
    const handlers: [string, () => void][] = [
      ['SIGINT', () => settle({ stop: 'SIGINT' })],
      ['SIGTERM', () => settle({ stop: 'SIGTERM' })],
      ['beforeExit', () => settle('stalled')],
    ];
    const settle = (outcome: Outcome): void => {
      // the next signal ends the process at once
      for (const [event, handler] of handlers) process.off(event, handler);
      resolve(outcome);
    };
    for (const [event, handler] of handlers) process.once(event, handler);
    stimulation.waitUntilComplete().then(
      (result) => settle({ result }),
      (error: unknown) => settle({ error }),
    );
  });
}

/** The run is let go and goes on wherever it is resumed. */
async function stopped(session: Session, id: string, stop: Stop, output: Output): Promise<number> {
  await session.cns.close();
  const isKept = session.store === undefined || session.store.capabilities.survives !== 'nothing';
  const next = isKept
    ? `engram resume ${shellWord(session.flow.path)} ${shellWord(id)}${session.storeOption}`
    : undefined;
  output.document({ id, status: 'stopped', signal: stop, resume: next });
  output.line(
    `${output.style('yellow', 'stopped')} ${visible(id)}${next === undefined ? '' : `, go on with: ${visible(next)}`}`,
  );
  return stop === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
}
