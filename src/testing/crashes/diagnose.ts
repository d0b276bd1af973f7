/** What is wrong with a flow, read from what was seen of its runs: the one that nobody disturbed, and those with crashes. */
import type { Codec } from '../../durability/codec.js';
import type { Graph } from '../../graph/graph.js';
import type { Handled } from './handled.js';
import type { CrashProblem, CrashProblemKind } from './options.js';
import { pointsText } from './points.js';
import type { End, Trace } from './run-through.js';
import { type Difference, differenceOf } from './snapshots.js';

/** Problems that show without a crash. */
export function problemsOfCalm(codec: Codec, calm: Trace, again: Trace, suspects: readonly string[]): CrashProblem[] {
  const problems = calm.handled.flatMap(problemsOfCall);
  if (calm.end.status === 'stuck' || !ENDED.includes(calm.end.status)) {
    const why = calm.end.errors.join('; ');
    const hint =
      calm.end.waitsFor.length > 0
        ? 'give the signals that it waits for as `answers`'
        : 'see that the run ends when nobody disturbs it; a handler that does nothing for long needs more `patience`';
    problems.push(problem('goes-wrong', undefined, `the run does not end: it is ${calm.end.status} (${why})`, hint));
  }
  return [...problems, ...divergencesOf(codec, calm, again, suspects)];
}

const ENDED: readonly string[] = ['completed', 'failed', 'aborted'];

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
  if (leaves > 0 || isLate) {
    const what = leaves > 0 ? `leaves ${leaves === 1 ? 'a timer' : `${leaves} timers`} behind` : 'uses its context';
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

/** How a run differs from the calm one, where it should not: the first place, and what came of it in the end. */
export function divergencesOf(codec: Codec, calm: Trace, other: Trace, suspects: readonly string[]): CrashProblem[] {
  const at = pointsText(other.kills);
  const wrong = other.handled.find(({ refusal }) => refusal !== undefined);
  if (wrong !== undefined) {
    const message = `${wrong.neuron} is ${wrong.refusal} (${wrong.activation})`;
    const hint = 'this is a fault of Engram, or of the store: please report it';
    return [problem('engine-fault', wrong.neuron, message, hint, at)];
  }
  if (other.end.status === 'stuck' || !ENDED.includes(other.end.status)) {
    if (!ENDED.includes(calm.end.status)) return [];
    const why = other.end.errors.join('; ');
    const message = `after the crash the run does not end: it is ${other.end.status} (${why})`;
    return [problem('stuck', undefined, message, 'see what it waits for, and whether that is stored', at)];
  }
  const first = firstDivergence(codec, calm, other, at);
  if (first !== undefined) return [first];
  const effects = effectsDivergence(codec, calm, other, suspects, at);
  if (effects !== undefined) return [effects];
  const end = endDivergence(codec, calm.end, other.end);
  return end === undefined
    ? []
    : [problem('other-end', undefined, end, 'see what the neurons keep outside their payloads and contexts', at)];
}

/** The first call that is given something else than in the calm run, or answers something else to the same. */
function firstDivergence(codec: Codec, calm: Trace, other: Trace, at: readonly string[]): CrashProblem | undefined {
  const known = new Map<string, Handled>();
  for (const handled of calm.handled) known.set(`${handled.activation} ${handled.attempt}`, handled);
  for (const handled of other.handled) {
    const before = known.get(`${handled.activation} ${handled.attempt}`);
    if (before === undefined) return undefined; // somebody before it has answered something else
    const payload = differenceOf(codec, before.payload, handled.payload);
    if (payload !== undefined) {
      const message = `${handled.neuron} is given another payload than without the crash: ${told('payload', payload)}`;
      const hint = 'what it was sent is not what came out of the store: check its type, and who changes it in place';
      return problem('not-storable', handled.neuron, message, hint, at);
    }
    if (differenceOf(codec, before.found, handled.found) !== undefined) return undefined; // its own past is another one
    const answered = answerDivergence(codec, before, handled);
    if (answered !== undefined) return notRepeatable(handled, before, answered, at);
  }
  return undefined;
}

function answerDivergence(codec: Codec, before: Handled, after: Handled): string | undefined {
  if (before.to === undefined || after.to === undefined) return undefined;
  if (before.error !== after.error) {
    return `first ${before.error === undefined ? 'it answered' : `"${before.error}"`}, then ${after.error === undefined ? 'it answered' : `"${after.error}"`}`;
  }
  if (before.answer === undefined || after.answer === undefined) return undefined;
  const difference = differenceOf(codec, before.answer, after.answer);
  return difference === undefined ? undefined : told('answer', difference);
}

function notRepeatable(handled: Handled, before: Handled, what: string, at: readonly string[]): CrashProblem {
  const { neuron } = handled;
  const reads = [...new Set([...handled.reads, ...before.reads])];
  const source =
    reads.length > 0 ? `it reads ${reads.join(' and ')} past the clock` : 'it depends on something outside the run';
  const hint =
    reads.length > 0
      ? 'draw it in a neuron of its own before a milestone and send it on, or derive it from ctx.activationId'
      : 'keep what it counts or remembers in its context (ctx.get, ctx.set), or in its payload';
  return problem(
    'not-repeatable',
    neuron,
    `${neuron} answers otherwise when it runs again (${what}): ${source}`,
    hint,
    at,
  );
}

function effectsDivergence(
  codec: Codec,
  calm: Trace,
  other: Trace,
  suspects: readonly string[],
  at: readonly string[],
): CrashProblem | undefined {
  if (calm.effects === undefined || other.effects === undefined) return undefined;
  const difference = differenceOf(codec, calm.effects, other.effects, 'effects');
  if (difference === undefined) return undefined;
  const [only] = suspects.length === 1 ? suspects : [];
  const who = only ?? (suspects.length > 0 ? `one of ${suspects.join(', ')}` : 'the run');
  return problem(
    'not-idempotent',
    only,
    `${who} leaves something else outside when it runs again: ${told('effects', difference)}`,
    'give ctx.activationId to the outside as the idempotency key, and let it do what it knows already only once',
    at,
  );
}

/** Of two undisturbed runs, the first neuron that found the same outside and left something else there. */
export function firstToDiffer(one: Trace, other: Trace): string | undefined {
  const known = new Map(one.handled.map((handled) => [`${handled.activation} ${handled.attempt}`, handled.effects]));
  return other.handled.find(({ activation, attempt, effects }) => {
    const before = known.get(`${activation} ${attempt}`);
    if (before === undefined || effects === undefined) return false;
    return before[0].text === effects[0].text && before[1].text !== effects[1].text;
  })?.neuron;
}

/** The neurons of which an activation was begun in several lives. */
export function repeatedNeurons(trace: Trace): string[] {
  const lives = new Map<string, Set<number>>();
  for (const { activation, life } of trace.handled) {
    lives.set(activation, (lives.get(activation) ?? new Set()).add(life));
  }
  const repeated = trace.handled.filter(({ activation }) => (lives.get(activation)?.size ?? 0) > 1);
  return [...new Set(repeated.map(({ neuron }) => neuron))];
}

function endDivergence(codec: Codec, calm: End, other: End): string | undefined {
  if (calm.status !== other.status) {
    const why = [...other.errors, ...calm.errors].slice(0, 1).join('');
    return `the run ends ${other.status} and not ${calm.status}${why === '' ? '' : ` (${why})`}`;
  }
  const output = differenceOf(codec, calm.output, other.output, 'output');
  if (output !== undefined) return `the output is another one: ${told('output', output)}`;
  const context = differenceOf(codec, calm.context, other.context, 'context');
  if (context !== undefined) return `the context is another one: ${told('context', context)}`;
  const [a, b] = [calm.errors.join('; '), other.errors.join('; ')];
  return a === b ? undefined : `the run fails otherwise: "${b}" and not "${a}"`;
}

const told = (what: string, { path, left, right }: Difference): string => `${what}${path} is ${right} and not ${left}`;

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

/** Whether one neuron leads to another, and no milestone stands between them. */
function leadsTo(graph: Graph, from: string, to: string): boolean {
  const seen = new Set<string>();
  const ahead = [from];
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    const neuron = graph.neuronByName.get(name);
    if (neuron === undefined || neuron.milestone || seen.has(name)) continue;
    seen.add(name);
    const next = neuron.emits.flatMap(({ subscribers }) => subscribers.map((subscriber) => subscriber.neuron.name));
    if (next.includes(to)) return true;
    ahead.push(...next);
  }
  return false;
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

function problem(
  kind: CrashProblemKind,
  neuron: string | undefined,
  message: string,
  hint: string,
  at: readonly string[] = [],
): CrashProblem {
  return { kind, neuron, message, hint, at };
}
