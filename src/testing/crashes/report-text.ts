/** The report of the crash checker as a person reads it. */
import type { CrashProblem, CrashReport } from './options.js';
import { shownValue } from './snapshots.js';

export function reportText({ ok, problems, advice, end, runs, points }: Omit<CrashReport, 'toString'>): string {
  const killed = `killed at ${points.length} points in ${runs} runs`;
  const head = ok
    ? `survives a crash anywhere${end.status === 'completed' ? '' : ` (it ends ${end.status})`}: ${killed}, and nothing was lost or done twice`
    : `${problems.length === 1 ? 'one problem' : `${problems.length} problems`}: ${killed}`;
  const lines = [head, ...problems.flatMap((problem) => linesOf('✗', problem))];
  if (advice.length > 0) lines.push('', 'not wrong, and worth a look:', ...advice.flatMap((one) => linesOf('·', one)));
  return lines.join('\n');
}

function linesOf(mark: string, { kind, message, hint, at, drawn = {} }: CrashProblem): string[] {
  const shown = at.length === 0 ? [] : [`    killed at: ${at.join(', then ')}`];
  for (const [collateral, payload] of Object.entries(drawn)) shown.push(`    ${collateral}: ${shownValue(payload)}`);
  return ['', `  ${mark} ${kind}: ${message}`, ...shown, `    ${hint}`];
}
