/** What is wrong with a flow, read from what was seen of its runs: the one that nobody disturbed, and those with crashes. */
import type { Graph } from '../../graph/graph.js';
import type { Handled } from './handled.js';
import type { CheckCrashesOptions, CrashProblem } from './options.js';
import { pointsText } from './points.js';
import type { Trace } from './run-through.js';
import { problem } from './problem.js';
import { hasEnded, leadsTo, repeatedNeurons } from './traces.js';

/** Problems that show without a crash. @param again another run that nobody disturbs */
export function problemsOfCalm(calm: Trace, again: Trace, { ends = 'completed' }: CheckCrashesOptions): CrashProblem[] {
  const { status, errors, waitsFor } = calm.end;
  const wrong = (message: string, hint: string): CrashProblem => problem('goes-wrong', undefined, message, hint);
  const why = errors.length === 0 ? '' : ` (${errors.join('; ')})`;
  const problems = calm.handled.flatMap(problemsOfCall);
  if (!hasEnded(calm)) {
    const hint =
      waitsFor.length > 0
        ? 'give the signals that it waits for as `answers`'
        : 'see that the run ends when nobody disturbs it; a handler that does nothing for long needs more `patience`';
    problems.push(wrong(`the run does not end: it is ${status}${why}`, hint));
  } else if (ends !== 'any' && status !== ends) {
    const hint = `mend that first; where it is meant to end so, say \`ends: '${status}'\``;
    problems.push(wrong(`the run ends ${status} when nobody disturbs it, and not ${ends}${why}`, hint));
  } else if (again.end.status !== status) {
    const message = `the run ends ${status} once, and ${again.end.status} when it is done again${why}`;
    problems.push(wrong(message, 'see what it finds outside that `reset` does not make as it was'));
  }
  return problems;
}

/** What one call of a handler shows by itself. */
function problemsOfCall({ neuron, payload, found, answer, changes, leaves, isLate }: Handled): CrashProblem[] {
  const problems: CrashProblem[] = [];
  const refusal = payload.refusal ?? found.refusal ?? answer?.refusal;
  if (refusal !== undefined) {
    problems.push(
      problem(
        'not-storable',
        neuron,
        `${neuron} is given, or answers, what cannot be stored: ${refusal}`,
        'send plain data, or register the class under `classes`',
      ),
    );
  }
  if (changes !== undefined) {
    const hint =
      changes === 'its payload'
        ? 'copy the payload before you change it: who else has it sees the change, and a checkpoint does not'
        : 'tell the run of it with ctx.set or ctx.update: only what was told is stored';
    problems.push(problem('changed-in-place', neuron, `${neuron} changes ${changes} in place`, hint));
  }
  if (leaves > 0 || isLate !== undefined) {
    const what = isLate ?? `leaves ${leaves === 1 ? 'a timer' : `${leaves} timers`} behind`;
    problems.push(
      problem(
        'outlives-handler',
        neuron,
        `${neuron} ${what} when it has answered: what that does is lost in a crash, and belongs to no activation`,
        "answer when all is done; send later with createSignal(payload, { delay: '10m' })",
      ),
    );
  }
  return problems;
}

/** Calls of costly neurons that the crash makes the run do again, though one had led to the other. */
export function missingMilestone(graph: Graph, trace: Trace, costly: ReadonlySet<string>): CrashProblem | undefined {
  const again = new Set(trace.handled.filter(({ life }) => life > 0).map(({ activation }) => activation));
  const lost = trace.handled.filter(
    ({ life, neuron, activation, answer }) =>
      life === 0 && answer !== undefined && costly.has(neuron) && again.has(activation),
  );
  for (const second of lost) {
    const first = lost.find(
      ({ to, neuron }) => to !== undefined && to < second.from && leadsTo(graph, neuron, second.neuron),
    );
    if (first === undefined) continue;
    return problem(
      'missing-milestone',
      first.neuron,
      `a crash does ${first.neuron} and ${second.neuron} again: no milestone stands between them`,
      `make ${first.neuron} a milestone, if it is dear to do twice`,
      pointsText(trace.kills),
    );
  }
  return undefined;
}

/** What would make the check see more. */
export function adviceOn({ effects, reset }: CheckCrashesOptions, isNoisy: boolean, isBlind: boolean): CrashProblem[] {
  const advice: CrashProblem[] = [];
  if (isBlind) {
    const message = '`effects` shows the same before and after every neuron: nothing of what they do is compared';
    advice.push(
      problem('not-idempotent', undefined, message, 'see that it returns what stands outside: lines, rows, mails'),
    );
  } else if (effects !== undefined && reset === undefined) {
    const message = 'nothing is reset: every run finds outside what those before it have done under the same keys';
    advice.push(problem('not-idempotent', undefined, message, 'give `reset`, which makes the world as it was'));
  }
  if (isNoisy) {
    const message = 'what stands outside is never the same twice, so only how much stands there is compared';
    advice.push(
      problem('not-repeatable', undefined, message, 'let `effects` leave out what is drawn by chance or time'),
    );
  }
  return advice;
}

/** Neurons that ran twice, may have done something outside, and never asked for a key. */
export function unkeyed(trace: Trace): CrashProblem[] {
  const repeated = new Set(repeatedNeurons(trace));
  const silent = trace.handled.filter(
    ({ neuron, isAsync, asksForId }) => repeated.has(neuron) && isAsync && !asksForId,
  );
  return [...new Set(silent.map(({ neuron }) => neuron))].map((neuron) =>
    problem(
      'not-idempotent',
      neuron,
      `${neuron} runs again after a crash and never asks for ctx.activationId`,
      'if it does anything outside, give that the id as its idempotency key; and show `effects`, so that this is checked',
      pointsText(trace.kills),
    ),
  );
}
