/**
 * How a run with crashes differs from one that nobody disturbed, and one life of it from the next: where it should not.
 * What is drawn by chance, by the time or by a service is another one in every run, and that is no fault: it is one when
 * the same run has already built upon the first of two draws.
 */
import type { Graph } from '../../graph/graph.js';
import type { Handled } from './handled.js';
import type { CrashProblem } from './options.js';
import { pointsText } from './points.js';
import { problem } from './problem.js';
import type { End, Trace } from './run-through.js';
import { type Difference, differenceOf, type ShowingCodec, type Snapshot } from './snapshots.js';
import { hasEnded, keyOf, leadsTo } from './traces.js';

/** What is known of the flow when nobody disturbs it. */
export interface Known {
  readonly calm: Trace;
  /** Neurons that answer something else in every run. */
  readonly noisy: ReadonlySet<string>;
  /** What stands outside is something else after every run. */
  readonly hasNoisyEffects: boolean;
}

export function knownOf(calm: Trace, again: Trace): Known {
  const first = new Map(calm.handled.map((handled) => [keyOf(handled), handled]));
  const noisy = again.handled.filter((handled) => {
    const before = first.get(keyOf(handled));
    return before !== undefined && isSameCall(calm, before, handled) && answerDivergence(calm, before, handled);
  });
  const hasNoisyEffects = effectsDifference({ calm, noisy: new Set(), hasNoisyEffects: false }, again) !== undefined;
  return { calm, noisy: new Set(noisy.map(({ neuron }) => neuron)), hasNoisyEffects };
}

const isSameCall = ({ codec }: Trace, before: Handled, after: Handled): boolean =>
  differenceOf(codec, before.payload, after.payload) === undefined &&
  differenceOf(codec, before.found, after.found) === undefined;

/** @param suspects neurons that ran again, and left something outside each time */
export function divergencesOf(known: Known, other: Trace, suspects: readonly string[]): CrashProblem[] {
  const { calm } = known;
  const at = pointsText(other.kills);
  const wrong = other.handled.find(({ refusal }) => refusal !== undefined);
  if (wrong !== undefined) {
    const message = `${wrong.neuron} is ${wrong.refusal} (${wrong.activation})`;
    const hint = 'this is a fault of Engram, or of the store: please report it';
    return [problem('engine-fault', wrong.neuron, message, hint, at)];
  }
  if (!hasEnded(other)) {
    const why = other.end.errors.join('; ');
    const message = `after the crash the run does not end: it is ${other.end.status} (${why})`;
    return [problem('stuck', undefined, message, 'see what it waits for, and whether that is stored', at)];
  }
  const { found, isDrawn } = againstCalm(known, other, at);
  const problems = found === undefined ? withinRun(calm, other, at) : [found];
  const isOther = isDrawn || problems.length > 0; // and then what stands outside is another one of course
  const effects = effectsDifference(isOther ? { ...known, hasNoisyEffects: true } : known, other);
  if (effects !== undefined) problems.push(notIdempotent(effects, suspects, at));
  if (problems.length > 0) return problems;
  const end = endDivergence(calm, other.end, isDrawn || known.noisy.size > 0);
  const hint =
    'see what the neurons keep outside their payloads and contexts, and whether the order of parallel neurons counts';
  return end === undefined ? [] : [problem('other-end', undefined, end, hint, at)];
}

interface AgainstCalm {
  readonly found?: CrashProblem;
  /** Somebody has drawn something else, as he may. */
  readonly isDrawn: boolean;
}

/** The first call that is given something else than in the calm run, or answers something else to the same. */
function againstCalm({ calm, noisy }: Known, other: Trace, at: readonly string[]): AgainstCalm {
  const { codec } = calm;
  const first = new Map(calm.handled.map((handled) => [keyOf(handled), handled]));
  let isDrawn = false;
  for (const handled of other.handled) {
    const before = first.get(keyOf(handled));
    if (before === undefined) return { isDrawn: isDrawn || noisy.size > 0 }; // somebody before it has answered otherwise
    const payload = differenceOf(codec, before.payload, handled.payload);
    if (payload !== undefined && !isDrawn) {
      const message = `${handled.neuron} is given another payload than without the crash: ${told('payload', payload)}`;
      const hint = 'what it was sent is not what came out of the store: check its type, and who changes it in place';
      return { found: problem('not-storable', handled.neuron, message, hint, at), isDrawn };
    }
    if (!isSameCall(calm, before, handled)) {
      if (isDrawn) continue;
      return { isDrawn }; // its own past is another one: the order of parallel neurons
    }
    const answered = answerDivergence(calm, before, handled);
    if (answered === undefined) continue;
    const draws = noisy.has(handled.neuron) || handled.reads.size + before.reads.size > 0;
    if (!draws && !isDrawn) return { found: notRepeatable(handled, before, answered, at), isDrawn };
    isDrawn = true;
  }
  return { isDrawn };
}

/** Calls that answer something else than in a life before, where what follows them had begun with the first answer. */
function withinRun(calm: Trace, other: Trace, at: readonly string[]): CrashProblem[] {
  const problems = new Map<string, CrashProblem>();
  const before = new Map<string, Handled>();
  for (const handled of other.handled) {
    const first = before.get(keyOf(handled));
    if (first?.to === undefined) {
      before.set(keyOf(handled), handled);
      continue;
    }
    if (first.life === handled.life || problems.has(handled.neuron) || !isSameCall(calm, first, handled)) continue;
    const answered = answerDivergence(calm, first, handled);
    if (answered === undefined || !wasUsed(calm.graph, other, first, handled)) continue;
    problems.set(handled.neuron, notRepeatable(handled, first, answered, at));
  }
  return [...problems.values()];
}

const wasUsed = (graph: Graph, { handled }: Trace, first: Handled, again: Handled): boolean =>
  handled.some(
    ({ neuron, from }) => from > (first.to ?? Infinity) && from < again.from && leadsTo(graph, first.neuron, neuron),
  );

function answerDivergence({ codec }: Pick<Trace, 'codec'>, before: Handled, after: Handled): string | undefined {
  if (before.to === undefined || after.to === undefined) return undefined;
  if (before.error !== after.error) {
    const what = ({ error }: Handled): string => (error === undefined ? 'it answered' : `"${error}"`);
    return `first ${what(before)}, then ${what(after)}`;
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
      ? 'draw it in a milestone of its own and send it on, or derive it from ctx.activationId'
      : 'keep what it counts or remembers in its context (ctx.get, ctx.set), or in its payload';
  const message = `${neuron} answers otherwise when it runs again (${what}): ${source}`;
  return problem('not-repeatable', neuron, message, hint, at);
}

/** What is noisy is compared by how much of it there is. */
function effectsDifference({ calm, hasNoisyEffects }: Known, { effects }: Trace): Difference | undefined {
  const { codec } = calm;
  if (calm.effects === undefined || effects === undefined) return undefined;
  if (!hasNoisyEffects) return differenceOf(codec, calm.effects, effects, 'effects');
  const [left, right] = [calm.effects, effects].map((one) => sizesOf(codec, one)) as [Snapshot, Snapshot];
  return differenceOf(codec, left, right, 'effects');
}

/** How long an array is, or each of a record of arrays. */
function sizesOf(codec: ShowingCodec, { text, refusal }: Snapshot): Snapshot {
  const value = refusal === undefined ? codec.decode(text, 'effects') : undefined;
  const size = (each: unknown): unknown => (Array.isArray(each) ? `${each.length} entries` : undefined);
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  const sizes = isRecord
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, size(each)]))
    : size(value);
  return { text: codec.encode(sizes, 'effects') };
}

function notIdempotent(difference: Difference, suspects: readonly string[], at: readonly string[]): CrashProblem {
  const [only] = suspects.length === 1 ? suspects : [];
  const who = only ?? (suspects.length > 0 ? `one of ${suspects.join(', ')}` : 'the run');
  const message = `${who} leaves something else outside when it runs again: ${told('effects', difference)}`;
  const hint =
    'give ctx.activationId to the outside as the idempotency key, and let it do what it knows already only once';
  return problem('not-idempotent', only, message, hint, at);
}

/** @param isDrawn values may be others */
function endDivergence({ codec, end: calm }: Trace, other: End, isDrawn: boolean): string | undefined {
  if (calm.status !== other.status) {
    const why = [...other.errors, ...calm.errors].slice(0, 1).join('');
    return `the run ends ${other.status} and not ${calm.status}${why === '' ? '' : ` (${why})`}`;
  }
  if (isDrawn) return undefined;
  const output = differenceOf(codec, calm.output, other.output, 'output');
  if (output !== undefined) return `the output is another one: ${told('output', output)}`;
  const context = differenceOf(codec, calm.context, other.context, 'context');
  if (context !== undefined) return `the context is another one: ${told('context', context)}`;
  const [a, b] = [calm.errors.join('; '), other.errors.join('; ')];
  return a === b ? undefined : `the run fails otherwise: "${b}" and not "${a}"`;
}

const told = (what: string, { path, left, right }: Difference): string => `${what}${path} is ${right} and not ${left}`;
