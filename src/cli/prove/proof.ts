/** All that a proof has found, before it is printed. */
import type { Coverage, CrashProblem, CrashReport, FlowPaths } from '../../testing/index.js';
import type { Output } from '../output.js';

export interface Proof {
  /** As the user gave it. */
  readonly flow: string;
  readonly entry: string;
  readonly paths: FlowPaths;
  readonly coverage: Coverage;
  readonly report: CrashReport;
  /** Neurons that no run of the proof has called, in the order of the graph. */
  readonly unproven: readonly string[];
  /** Collaterals that the flow may wait for, and that were not sent. */
  readonly unsent: readonly string[];
  readonly notes: readonly string[];
  /** The command line that makes the first problem happen again, alone. */
  readonly again: string | undefined;
}

/** For programs. */
export function documentOf(
  { flow, entry, paths, coverage, report, unproven, unsent, notes, again }: Proof,
  output: Output,
): object {
  const { ok, end, runs, points } = report;
  const told = ({ message, ...problem }: CrashProblem) => ({ ...problem, message: output.message(message) });
  const { neurons, dendrites, collaterals, transitions, findings } = coverage;
  return {
    flow,
    entry,
    ok,
    end: { ...end, errors: end.errors.map((error) => output.message(error)) },
    problems: report.problems.map(told),
    advice: report.advice.map(told),
    runs,
    points,
    unproven,
    unsent,
    notes,
    ...(again === undefined ? {} : { again }),
    paths: { count: paths.paths.length, titles: paths.paths.map(({ title }) => title), truncated: paths.truncated },
    coverage: { neurons, dendrites, collaterals, transitions, findings },
  };
}
