/** What is not shown: what the CNS of the flow hides, and the names in `$ENGRAM_REDACT`, separated by commas. */
import type { CNS } from '../index.js';
import { redacted } from '../stimulation/redact.js';
import type { Output } from './output.js';

export function redactBy(cns: CNS | undefined, output: Output, env: NodeJS.ProcessEnv = process.env): void {
  const names = (env['ENGRAM_REDACT'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  output.shown = (value, ...path) => {
    const shown = cns === undefined ? value : cns.redacted(value, ...path);
    return redacted(shown, names.length === 0 ? undefined : names, path);
  };
}
