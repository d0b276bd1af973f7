// Rule: bad input costs one line with the next step, exit code 2, and nothing that was stored.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CallOptions, Project } from './engram-cli.js';
import { ORDERS, payloadOf } from './orders-flow.js';

let project: Project;
beforeAll(() => {
  project = new Project({ 'orders.ts': ORDERS }).install('zod');
  project.write('throws.ts', `throw new Error('out of\\npaper');`);
  project.write('syntax.ts', 'export const = 1;');
  project.write('nothing.ts', 'export {};');
  project.write('no-entry.ts', ORDERS.replace('export const entry', 'const entry'));
  project.write('bad-entry.ts', ORDERS.replace('entry = { start: ordered }', 'entry = { start: 5 }'));
  project.write('two-entries.ts', ORDERS.replace('{ start: ordered }', '{ start: ordered, late: paid }'));
  project.write('no-cns.ts', 'export const createCns = () => 5; export const entry = {};');
  project.write('create-throws.ts', `export const createCns = () => { throw new Error('no'); };`);
  project.write(
    'bad-graph.ts',
    `import { CNS } from 'engram'; export const createCns = (h: object) => new CNS([], h);`,
  );
  project.write(
    'own.mjs',
    `import { CNS, neuron, collateral } from 'engram';
    const go = collateral('go');
    export const cns = new CNS([neuron('n', {}).dendrite({ collateral: go, response: () => undefined })]);
    export const entry = go;`,
  );
  project.install('engram');
  expect(project.engram(['run', 'orders.ts', '--id', 'good', '--payload', payloadOf('fine')]).code).toBe(0);
});
afterAll(() => project.remove());

const fine = ['--payload', payloadOf('fine')];
const long = 'x'.repeat(300);

/** What is said, in one line, without the next step; the store stays as it is. */
function refused(args: readonly string[], options: CallOptions = {}): string {
  const before = project.hash();
  const { code, stdout, stderr } = project.engram(args, options);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  const [, message] = /^engram: ([^\n]+) — [^\n]+\n$/.exec(stderr) ?? expect.fail(stderr);
  expect(project.hash()).toBe(before);
  return message ?? '';
}

it.each([
  ['USAGE', []],
  ['USAGE', ['run']],
  ['UNKNOWN_SIGNAL', ['run', 'orders.ts', '--signal', 'begin', ...fine]],
  ['INVALID_PAYLOAD', ['run', 'orders.ts', '--payload', '{}']],
  ['RUN_EXISTS', ['run', 'orders.ts', '--id', 'good', '--payload', payloadOf('throws')]],
  ['UNKNOWN_RUN', ['show', 'nobody']],
  ['UNKNOWN_RUN', ['resume', 'orders.ts', 'nobody']],
  ['FLOW_MODULE', ['run', 'throws.ts']],
])('--json says %s for %j in one document, in the words of the line', (code, args) => {
  const { code: exitCode, document } = project.json(args);
  expect(exitCode).toBe(2);
  expect(document.error).toEqual({ code, message: expect.any(String), hint: expect.any(String) });
  expect(project.engram(args).stderr).toBe(`engram: ${document.error.message} — ${document.error.hint}\n`);
});

describe('a command line that is wrong', () => {
  it.each([
    ['no command', [], 'no command was given'],
    ['an unknown command', ['rum'], "unknown command 'rum'; (Did you mean run?)"],
    ['an unknown option', ['ls', '--all'], "unknown option '--all'"],
    ['a missing argument', ['run'], "missing required argument 'flow module'"],
    ['too many arguments', ['show', 'a', 'b'], "too many arguments for 'show'. Expected 1 argument but got 2."],
    ['an unknown status', ['ls', '--status', 'lost'], '"lost" is no status'],
    ['a count that is none', ['show', 'good', '--events', '-1'], '--events "-1" is no number'],
    ['a store of an unknown kind', ['ls', '--store', 'mysql://x'], '"mysql://x" is no store'],
    ['a store that is a path', ['ls', '--store', './runs'], '"./runs" is no store'],
    ['a file store without a directory', ['ls', '--store', 'file:'], '"file:" names no directory'],
    ['ls of memory:', ['ls', '--store', 'memory:'], 'engram ls finds nothing in memory:, which ends with each process'],
    [
      'show in memory:',
      ['show', 'a', '--store', 'memory:'],
      'engram show finds nothing in memory:, which ends with each process',
    ],
    [
      'resume in memory:',
      ['resume', 'orders.ts', 'a', '--store', 'memory:'],
      'engram resume finds nothing in memory:, which ends with each process',
    ],
  ])('is refused for %s', (_what, args, told) => {
    expect(refused(args)).toBe(told);
  });
});

describe('a run that is wrongly asked for', () => {
  it.each([
    ['an unknown signal name', ['--signal', 'begin', ...fine], 'the flow cannot be entered by "begin"'],
    ['a payload that is not JSON', ['--payload', '{kind'], /^the payload is not JSON: /],
    ['a payload file that is not there', ['--payload', '@none.json'], /^the payload cannot be read: ENOENT/],
    [
      'a payload that fails the schema',
      ['--payload', payloadOf('lost')],
      /^the payload of "ordered" does not fit its schema: kind: /,
    ],
    ['a missing payload', [], /^the payload of "ordered" does not fit/],
    ['an unknown output', ['--output', 'smoke', ...fine], 'the graph has no collateral "smoke"'],
    ['an empty id', ['--id', '', ...fine], 'the id is empty'],
    ['an id with ../', ['--id', '../../escape', ...fine], /^the id "..\/..\/escape" climbs/],
    ['an id of 300 characters', ['--id', long, ...fine], 'the id has 300 characters'],
    ['an id with a line break', ['--id', 'a\nb', ...fine], 'the id "a\\nb" has control characters'],
    [
      'an id that another entry has',
      ['--id', 'good', '--payload', payloadOf('throws')],
      'a run "good" exists already and was started with another entry',
    ],
    [
      'a trace that cannot be written',
      ['--trace', 'no/such/trace', ...fine],
      /^the trace no\/such\/trace cannot be written/,
    ],
  ])('is refused for %s', (_what, args, told) => {
    const message = refused(['run', 'orders.ts', ...args]);
    if (typeof told === 'string') expect(message).toBe(told);
    else expect(message).toMatch(told);
  });
});

describe('a stored run that is not there', () => {
  it.each(['nobody', '../good', '../../etc/passwd', long, 'a\nb'])('%j is unknown to resume and show', (id) => {
    expect(refused(['show', id])).toMatch(/^there is no run /);
    expect(refused(['resume', 'orders.ts', id])).toMatch(/^there is no run /);
  });

  it('is unknown in a store that is not there, and makes none', () => {
    const { code, stderr } = project.engram(['show', 'good', '--store', 'file:nowhere']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'engram: there is no run "good" in file:nowhere — list the runs that are there with `engram ls`\n',
    });
    expect(() => project.hash('nowhere')).toThrow(/ENOENT/);
  });
});

describe('a flow module that is none', () => {
  it.each([
    ['missing.ts', 'there is no file missing.ts'],
    ['.', 'there is no file .'],
    ['node_modules/zod/package.json', 'node_modules/zod/package.json is no module'],
    ['throws.ts', 'throws.ts threw while it was loaded: out of; paper'],
    ['syntax.ts', /^syntax\.ts threw while it was loaded: /],
    ['nothing.ts', 'nothing.ts exports neither createCns nor cns'],
    ['no-entry.ts', 'no-entry.ts exports no entry'],
    ['bad-entry.ts', 'bad-entry.ts exports an entry that is no collateral, nor a record of them'],
    ['no-cns.ts', 'no-cns.ts: what its createCns returns is no CNS'],
    ['create-throws.ts', 'createCns of create-throws.ts threw: no'],
  ])('is refused: %s', (path, told) => {
    const message = refused(['run', path, ...fine]);
    if (typeof told === 'string') expect(message).toBe(told);
    else expect(message).toMatch(told);
  });

  it('is refused when its graph cannot be built', () => {
    expect(refused(['run', 'bad-graph.ts'])).toBe('the graph cannot be built: there are no neurons');
  });

  it('with several entries is run with --signal only', () => {
    expect(refused(['run', 'two-entries.ts', ...fine])).toBe('two-entries.ts has several entries');
  });

  it('with a cns of its own takes no --store, and resumes nothing without one', () => {
    expect(refused(['run', 'own.mjs', '--store', 'file:.engram'])).toMatch(/^own\.mjs exports a cns/);
    expect(refused(['resume', 'own.mjs', 'good'])).toBe('cns.rehydrate() needs a store');
  });
});

it('a stack is shown only with ENGRAM_DEBUG=1', () => {
  const { stderr } = project.engram(['run', 'throws.ts'], { env: { ENGRAM_DEBUG: '1' } });
  expect(stderr).toMatch(
    /^engram: throws\.ts threw while it was loaded: out of; paper — [^\n]+\nFlowModuleError: .*\n {4}at /s,
  );
  expect(stderr).toMatch(/\[cause\]: Error: out of/);
});
