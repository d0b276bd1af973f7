/** Coverage as a short text. */
import type { Coverage, Covered } from './coverage-data.js';

const ORDER: readonly Covered[] = ['neurons', 'dendrites', 'collaterals', 'transitions'];
/** Of what is missed, so many are listed of each kind. */
const LISTED = 10;

export function formatCoverage(coverage: Omit<Coverage, 'toString'>): string {
  return [
    ...ORDER.map((name) => {
      const { covered, total, percent } = coverage[name];
      return `${name.padEnd(12)} ${String(percent).padStart(3)} %  ${covered.length} of ${total}`;
    }),
    ...ORDER.flatMap((name) => {
      const { missed } = coverage[name];
      if (missed.length === 0) return [];
      const more = missed.length > LISTED ? [`  and ${missed.length - LISTED} more`] : [];
      return [`${name} not covered:`, ...missed.slice(0, LISTED).map((each) => `  ${each.name}: ${each.why}`), ...more];
    }),
    ...coverage.findings.map(({ kind, names, why }) => `${kind}: ${names.join(', ')}: ${why}`),
    ...coverage.truncated.map((why) => `truncated: ${why}`),
  ].join('\n');
}
