/**
 * The crash checker: is it safe to die here, for every "here" there is. The flow is run once undisturbed, then again
 * once for every call to its store and every handler, killed there and brought back by another process, and what comes
 * of it is compared: how it ends, its output and context, what every activation is given and answers, and what stands
 * outside. All in this process and in simulated time. Not seen: a death in the middle of a handler.
 */
import { adviceOn, missingMilestone, problemsOfCalm, unkeyed } from './diagnose.js';
import { divergencesOf, type Known, knownOf } from './divergences.js';
import type { Handled } from './handled.js';
import type { CalmEnd, CheckCrashesOptions, CheckedFlow, CrashProblem, CrashReport } from './options.js';
import { watchGlobals } from './outside.js';
import { checkReached, parsePoints, type Point, pointsText } from './points.js';
import { reportText } from './report-text.js';
import { runThrough, type Trace } from './run-through.js';
import { type Sample, samplesOf } from './samples.js';
import { hasEnded, repeatedNeurons } from './traces.js';

const PAIRS = 50;

/**
 * Kills a run of the flow everywhere and tells what a crash changes.
 *
 *     const report = await checkCrashes(cns, { signal: order.createSignal({ … }), effects: () => ledger.lines });
 *     expect(report.problems).toEqual([]);
 *
 * @param cns the flow as it is; it is run on other stores and another clock, never on its own. Or a function that makes
 *   it for each process anew.
 * @throws InvalidArgumentError for an `at` that is no point or is never reached, and what `cns.stimulate` throws
 */
export async function checkCrashes(cns: CheckedFlow, options: CheckCrashesOptions): Promise<CrashReport> {
  const at = options.at === undefined ? undefined : parsePoints(options.at);
  const samples = samplesOf(options);
  const unwatch = watchGlobals();
  try {
    const checker = new Checker(cns, options);
    let end: CalmEnd | undefined;
    for (const sample of samples) end = await checker.check(sample, at);
    return checker.report(end as CalmEnd);
  } finally {
    unwatch();
  }
}

class Checker {
  readonly #flow: CheckedFlow;
  #options: CheckCrashesOptions;
  #drawn: Sample['drawn'];
  readonly #problems = new Map<string, CrashProblem>();
  readonly #advice = new Map<string, CrashProblem>();
  readonly #points = new Set<string>();
  readonly #ran = new Set<string>();
  #runs = 0;
  /** Nothing tells what is done outside. */
  #isUnwatched = false;

  constructor(flow: CheckedFlow, options: CheckCrashesOptions) {
    this.#flow = flow;
    this.#options = options;
  }

  /** Adds what it finds with one entry to the report. */
  async check({ signal, drawn }: Sample, at: readonly Point[] | undefined): Promise<CalmEnd> {
    this.#options = { ...this.#options, signal };
    this.#drawn = drawn;
    const calm = await this.#run([]);
    if (!hasEnded(calm)) {
      this.#keep(this.#problems, problemsOfCalm(calm, calm, this.#options));
      return calm.end;
    }
    const again = await this.#run([]);
    const probed = await this.#run([], true);
    const known = knownOf(calm, again);
    const called = { ...calm, handled: [...calm.handled, ...probed.handled] };
    const wrong = problemsOfCalm(called, again, this.#options);
    this.#keep(this.#problems, wrong);
    const isBlind = this.#options.effects !== undefined && !probed.handled.some(changesSomething);
    this.#keep(this.#advice, adviceOn(this.#options, known.hasNoisyEffects, isBlind));
    this.#isUnwatched = this.#options.effects === undefined || isBlind;
    if (!wrong.some(({ kind }) => kind === 'goes-wrong')) {
      const costly = costlyIn(probed);
      const look = (trace: Trace) => this.#compare(known, trace, costly);
      if (at !== undefined) await look(await this.#reach(at));
      else {
        const firsts: Trace[] = [];
        for (const point of calm.lives[0] ?? []) {
          const trace = await this.#run([point]);
          firsts.push(trace);
          await look(trace);
        }
        for (const pair of evenly(pairsOf(firsts), this.#options.pairs ?? PAIRS)) await look(await this.#run(pair));
      }
    }
    return calm.end;
  }

  async #run(kills: readonly Point[], probes = false): Promise<Trace> {
    this.#runs++;
    for (const text of pointsText(kills)) this.#points.add(text);
    const trace = await runThrough(this.#flow, this.#options, { kills, probes });
    for (const { neuron } of trace.handled) this.#ran.add(neuron);
    return trace;
  }

  /** @throws InvalidArgumentError for a crash that does not come */
  async #reach(at: readonly Point[]): Promise<Trace> {
    const trace = await this.#run(at);
    checkReached(at, trace.lives);
    return trace;
  }

  async #compare(known: Known, trace: Trace, costly: ReadonlySet<string>): Promise<void> {
    const isGuilty = divergencesOf(known, trace, []).some(({ kind }) => kind === 'not-idempotent');
    const suspects = isGuilty ? await this.#suspects(trace.kills) : [];
    this.#keep(this.#problems, divergencesOf(known, trace, suspects));
    if (trace.kills.length > 1) return;
    const missing = missingMilestone(known.calm.graph, trace, costly);
    if (missing !== undefined) this.#keep(this.#advice, [missing]);
    if (this.#isUnwatched) this.#keep(this.#advice, unkeyed(trace));
  }

  /** The neurons that ran again and left something outside each time. */
  async #suspects(kills: readonly Point[]): Promise<readonly string[]> {
    const trace = await this.#run(kills, true);
    const repeated = new Set(repeatedNeurons(trace));
    const guilty = trace.handled.filter(
      ({ neuron, life, effects }) => life > 0 && repeated.has(neuron) && effects !== undefined && hasChanged(effects),
    );
    // of one that has waited for its child, the child
    const inner = guilty.filter((one) => !guilty.some((other) => isWithin(other, one)));
    return [...new Set(inner.map(({ neuron }) => neuron))];
  }

  /** Each problem once, with the shortest crash that shows it: single crashes come first. */
  #keep(known: Map<string, CrashProblem>, found: readonly CrashProblem[]): void {
    const drawn = this.#drawn;
    for (const problem of found) {
      const key = `${problem.kind} ${problem.neuron ?? ''}`;
      if (!known.has(key)) known.set(key, drawn === undefined ? problem : { ...problem, drawn });
    }
  }

  report({ status, errors, waitsFor }: CalmEnd): CrashReport {
    const problems = [...this.#problems.values()];
    const report = {
      ok: problems.length === 0,
      problems,
      advice: [...this.#advice.values()],
      end: { status, errors, waitsFor },
      ran: [...this.#ran],
      runs: this.#runs,
      points: [...this.#points],
    };
    return { ...report, toString: () => reportText(report) };
  }
}

/** The neurons that do something outside: those that are seen to, or whose handler takes its time. */
function costlyIn({ handled }: Trace): ReadonlySet<string> {
  const costly = handled.filter(({ effects, isAsync }) => (effects === undefined ? isAsync : hasChanged(effects)));
  return new Set(costly.map(({ neuron }) => neuron));
}

const isWithin = (inner: Handled, outer: Handled): boolean =>
  inner.from > outer.from && (inner.to ?? Infinity) < (outer.to ?? Infinity);

const changesSomething = ({ effects }: Handled): boolean => effects !== undefined && hasChanged(effects);

const hasChanged = ([before, after]: readonly [{ readonly text: string }, { readonly text: string }]): boolean =>
  before.text !== after.text;

/** Every point of the second life after every point of the first. */
const pairsOf = (firsts: readonly Trace[]): (readonly Point[])[] =>
  firsts.flatMap(({ kills, lives }) => (lives[1] ?? []).map((second) => [...kills, second]));

function evenly<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, n) => all[Math.floor((n * all.length) / most)] as T);
}
