/** The text of a generated test file: one test for each path, for a person to go on with. */
import type { FlowPath, FlowStep, PathStrategy } from '../../testing/index.js';
import { visible } from '../text.js';

export type TestRunner = 'vitest' | 'jest' | 'node';

/** What the file was made with; kept in it, so that `--check` asks the same. */
export interface TestSettings {
  /** The name of the entry, where it was told. */
  readonly entry?: string;
  readonly strategy?: PathStrategy;
  readonly outcomes?: unknown;
}

/** A path as it was found to run. */
export interface TestCase {
  readonly path: FlowPath;
  /** The neurons whose activations failed, in order. */
  readonly failed: readonly string[];
}

export interface TestFile {
  readonly runner: TestRunner;
  /** The name of the flow. */
  readonly name: string;
  /** What the file imports the flow by. */
  readonly module: string;
  /** The code of its CNS, e.g. `flow.cns`, and of its entry. */
  readonly cns: string;
  readonly entry: string;
  /** By collateral; undefined for those of which nothing is known. */
  readonly payloads: Readonly<Record<string, unknown>>;
  /** The command line that checks it. */
  readonly check: string;
  readonly settings: TestSettings;
  readonly cases: readonly TestCase[];
}

const PATH = '// path: ';
const SETTINGS = '// engram: ';

/** The titles of the paths that a file has tests for. */
export const pathsIn = (text: string): string[] => linesAfter(PATH, text);

/** What a file was made with; nothing where it does not say. */
export function settingsIn(text: string): TestSettings {
  try {
    return JSON.parse(linesAfter(SETTINGS, text)[0] ?? '{}') as TestSettings;
  } catch {
    return {};
  }
}

const linesAfter = (mark: string, text: string): string[] =>
  text.split(/\r?\n/).flatMap((line) => (line.trim().startsWith(mark) ? [line.trim().slice(mark.length)] : []));

export function testFile(file: TestFile): string {
  const { runner, name, module, cns, entry, check, settings, cases } = file;
  const usesStore = cns.includes('memoryStore');
  return [
    `// The paths of flow ${quoted(name)}, a test for each. Made by \`engram generate tests\`, and yours to change: what a`,
    '// neuron answers, what signals carry, what is expected at the end. The comment before a test says which path it is.',
    `// When the flow has paths that are not here, or lacks some that are, this fails: ${check}`,
    `${SETTINGS}${JSON.stringify(settings)}`,
    ...IMPORTS[runner],
    ...(usesStore ? [`import { memoryStore } from 'engram/adapters/memory';`] : []),
    `import { followPath${usesStore ? ', SimulatedClock' : ''} } from 'engram/testing';`,
    `import * as flow from ${quoted(module)};`,
    '',
    `const cns = ${cns};`,
    `const entry = ${entry};`,
    '/** What signals carry, by the name of their collateral: a value, or a function of what the neuron got. */',
    `const payloads = {${payloadLines(file.payloads)}};`,
    '',
    `describe(${quoted(`flow "${name}"`)}, () => {`,
    cases.map((each) => testCase(runner, each)).join('\n\n'),
    '});',
    '',
  ].join('\n');
}

const IMPORTS: Readonly<Record<TestRunner, readonly string[]>> = {
  vitest: [`import { describe, expect, it } from 'vitest';`],
  jest: [`import { describe, expect, it } from '@jest/globals';`],
  node: [`import assert from 'node:assert/strict';`, `import { describe, it } from 'node:test';`],
};

function payloadLines(payloads: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(payloads).map(([name, value]) =>
    value === undefined
      ? `  // ${propertyName(name)}: undefined,`
      : `  ${propertyName(name)}: ${literal(value, '  ')},`,
  );
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`;
}

function testCase(runner: TestRunner, { path, failed }: TestCase): string {
  const { title, steps, status, waiting } = path;
  const expected = [
    equal(runner, 'run.status', quoted(status)),
    ...(failed.length === 0
      ? []
      : [deepEqual(runner, 'run.failed.map(({ task }) => task.neuron)', `[${failed.map(quoted).join(', ')}]`)]),
    ...(waiting.length === 0
      ? []
      : [
          deepEqual(
            runner,
            'run.waiting.map(({ collateral }) => collateral)',
            `[${waiting.map((each) => quoted(each.collateral)).join(', ')}]`,
          ),
        ]),
  ];
  return [
    `  ${PATH}${title}`,
    `  it(${quoted(title)}, async () => {`,
    '    const run = await followPath(cns, {',
    '      entry,',
    '      payloads,',
    '      path: {',
    '        steps: [',
    ...steps.map((step) => `          ${stepCode(step)},`),
    '        ],',
    '      },',
    '    });',
    ...expected.map((line) => `    ${line}`),
    '  });',
  ].join('\n');
}

function stepCode(step: FlowStep): string {
  if ('signal' in step) return `{ signal: ${quoted(step.signal)} }`;
  if ('time' in step) return `{ time: 'passes' }`;
  return `{ neuron: ${quoted(step.neuron)}, got: ${quoted(step.got)}, answers: ${quoted(step.answers)} }`;
}

const equal = (runner: TestRunner, actual: string, expected: string): string =>
  runner === 'node' ? `assert.equal(${actual}, ${expected});` : `expect(${actual}).toBe(${expected});`;

const deepEqual = (runner: TestRunner, actual: string, expected: string): string =>
  runner === 'node' ? `assert.deepEqual(${actual}, ${expected});` : `expect(${actual}).toEqual(${expected});`;

/** In single quotes, unless there are some in it. */
export function quoted(text: string): string {
  const json = JSON.stringify(visible(text));
  const inner = json.slice(1, -1).replaceAll('\\"', '"');
  return inner.includes("'") ? json : `'${inner}'`;
}

export const propertyName = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name));

/** JSON as a person would write it in code. */
function literal(value: unknown, indent = ''): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const inner = `${indent}  `;
  const items = Array.isArray(value)
    ? value.map((item) => literal(item, inner))
    : Object.entries(value).map(([key, item]) => `${propertyName(key)}: ${literal(item, inner)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (items.length === 0) return `${open}${close}`;
  const line = Array.isArray(value) ? `[${items.join(', ')}]` : `{ ${items.join(', ')} }`;
  if (line.length < 80 && !line.includes('\n')) return line;
  return `${open}\n${items.map((item) => `${inner}${item},\n`).join('')}${indent}${close}`;
}
