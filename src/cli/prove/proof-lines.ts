/** A proof for people: the ways through the flow, what cannot be reached, and what a crash does to it. */
import type { Output } from '../output.js';
import { cutEnd } from '../text-width.js';
import { counted, visible } from '../text.js';
import type { Proof } from './proof.js';

const PATHS = 12;

export function* linesOf(proof: Proof, output: Output): Generator<string> {
  const { flow, entry, paths, coverage, report } = proof;
  const section = (title: string) => output.style('bold', title);
  yield `${section(visible(flow))}, entered by ${visible(entry)}`;
  yield '';
  yield section(counted(paths.paths.length, 'path'));
  for (const { title } of paths.paths.slice(0, PATHS)) yield `  ${cutEnd(visible(title), output.width - 2)}`;
  if (paths.paths.length > PATHS) yield output.style('dim', `  and ${paths.paths.length - PATHS} more`);
  yield '';
  yield section('coverage of these paths');
  for (const line of String(coverage).split('\n')) yield `  ${visible(line)}`;
  yield '';
  yield section('crashes');
  yield* crashLines(proof, output);
  if (report.problems.length > 0 && proof.again !== undefined) {
    yield '';
    yield `  the first one again: ${proof.again}`;
  }
  if (proof.notes.length === 0) return;
  yield '';
  for (const note of proof.notes) yield `  ${output.style('dim', note)}`;
}

function* crashLines({ report }: Proof, output: Output): Generator<string> {
  const [head = '', ...rest] = String(report).split('\n');
  yield `  ${output.style(report.ok ? 'green' : 'red', visible(head))}`;
  for (const line of rest) yield line === '' ? '' : `  ${shownLine(line, output)}`;
  const { status, errors } = report.end;
  if (status === 'completed') return;
  const why = errors.length === 0 ? '' : `: ${errors.map((error) => output.message(error)).join('; ')}`;
  yield `  the run ends ${output.style('yellow', status)}${why}`;
}

function shownLine(line: string, output: Output): string {
  const shown = visible(output.message(line.trim()));
  const indent = line.length - line.trimStart().length;
  const text = shown.startsWith('✗') ? `${output.style('red', '✗')}${shown.slice(1)}` : shown;
  return `${' '.repeat(indent)}${text}`;
}
