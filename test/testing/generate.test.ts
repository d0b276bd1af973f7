// Rule: what `engram generate tests` writes passes as it is, in a project of a user, and says when the flow has outgrown it.
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project, root } from '../cli/engram-cli.js';

const FLOW = `
import { CNS, collateral, expect, neuron } from 'engram';
const go = collateral('go'), made = collateral('made'), yes = collateral('yes'), late = collateral('late');
const make = neuron('make', { made }).dendrite({ collateral: go, response: () => process.exit(9) }).milestone();
const ask = neuron('ask', { late }).dendrite({ collateral: made, response: () => expect(yes) }).expects(yes);
const more = neuron('more', {}).dendrite({ collateral: late, response: () => undefined });
export const createCns = (host) => new CNS([make, ask, more], { name: "it's small", ...host });
export const entry = { 'the-start': go };
`;
const OUTCOMES = JSON.stringify({ make: ['made', 'fails'], ask: { made: ['late in 1d', 'waits for yes'] }, more: [] });

let project: Project;
beforeAll(() => {
  project = new Project({ 'small.mjs': FLOW }).install('engram', 'zod');
  cpSync(join(root, 'machines/flows/order'), join(project.dir, 'order'), { recursive: true });
  cpSync(join(root, 'machines/flows/order.ts'), join(project.dir, 'order.ts'));
});
afterAll(() => project.remove());

const generate = (...args: string[]) => project.engram(['generate', 'tests', ...args]);
const read = (name: string) => readFileSync(join(project.dir, name), 'utf8');
const SMALL = ['small.mjs', '--out', 'small.test.mjs', '--runner', 'node'];
const told = ({ code, stdout }: { code: number | null; stdout: string }) => [code, stdout];

describe('engram generate tests', () => {
  it('writes one test for each path, readable, that passes with node:test as it is', () => {
    expect(told(generate(...SMALL, '--outcomes', OUTCOMES))).toEqual([0, 'small.test.mjs: 4 paths\n']);
    expect(read('small.test.mjs').match(/\/\/ path: .*/g)?.[0]).toBe(
      '// path: go → made → late in 1d → time passes → more',
    );
    expect(read('small.test.mjs')).toContain(`
  // path: go → made → ask waits for yes
  it('go → made → ask waits for yes', async () => {
    const run = await followPath(cns, {
      entry,
      payloads,
      path: {
        steps: [
          { neuron: 'make', got: 'go', answers: 'made' },
          { neuron: 'ask', got: 'made', answers: 'waits for yes' },
        ],
      },
    });
    assert.equal(run.status, 'waiting');
    assert.deepEqual(run.waiting.map(({ collateral }) => collateral), ['yes']);
  });
`);
    const { code, stdout } = project.exec(process.execPath, ['--test', '--test-reporter=tap', 'small.test.mjs']);
    expect(stdout).toContain('# pass 4\n# fail 0\n');
    expect(code).toBe(0);
  });

  it('what it writes fails when a person plans something that the flow does not do', () => {
    project.write(
      'edited.test.mjs',
      read('small.test.mjs').replace(
        `{ neuron: 'make', got: 'go', answers: 'fails' }`,
        `{ neuron: 'make', answers: 'nothing' }`,
      ),
    );
    const { code, stdout } = project.exec(process.execPath, ['--test', '--test-reporter=tap', 'edited.test.mjs']);
    expect(stdout).toContain('# pass 3\n# fail 1\n');
    expect(code).toBe(1);
  });

  it('passes with Vitest for a flow in TypeScript, with payloads that its schemas accept', () => {
    expect(told(generate('order.ts', '--out', 'order.test.ts'))).toEqual([
      0,
      expect.stringMatching(/^order.test.ts: \d\d paths\n$/),
    ]);
    expect(read('order.test.ts')).toContain(`  placeOrder: { order: 'text', amount: 1, ledger: 'text' },\n`);
    symlinkSync(join(root, 'node_modules/vitest'), join(project.dir, 'node_modules/vitest'), 'dir');
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const { code, stdout, stderr } = project.exec(
      process.execPath,
      [vitest, 'run', '--root', project.dir, '--reporter=json', 'order.test.ts'],
      { env: { NO_COLOR: '1' } },
    );
    const paths = read('order.test.ts').match(/\/\/ path: /g) ?? [];
    expect(stderr + stdout).toContain(`"numPassedTests":${paths.length}`);
    expect(code).toBe(0);
    expect(existsSync(join(project.dir, 'text'))).toBe(false); // no handler has run: there is no ledger
  });

  it('writes over a file only when it is told to', () => {
    project.write('mine.test.mjs', '// mine\n');
    const { code, stderr } = generate('small.mjs', '--out', 'mine.test.mjs');
    expect([code, stderr]).toEqual([2, expect.stringContaining('mine.test.mjs is there already')]);
    expect(read('mine.test.mjs')).toBe('// mine\n');
    expect(generate('small.mjs', '--out', 'mine.test.mjs', '--force').code).toBe(0);
    expect(read('mine.test.mjs')).toContain('followPath');
  });

  it('prints the file where none is named, and a document with --json', () => {
    expect(generate('small.mjs').stdout).toContain(`import { describe, expect, it } from 'vitest';`);
    expect(generate('small.mjs', '--runner', 'jest').stdout).toContain(`from '@jest/globals';`);
    const { document } = project.json(['generate', 'tests', 'small.mjs', '--outcomes', OUTCOMES]);
    expect(document.paths).toHaveLength(4);
  });

  it('--check passes while the file has every path, whatever else a person has changed in it', () => {
    expect(told(generate(...SMALL, '--check'))).toEqual([0, 'small.test.mjs has all 4 paths of the flow\n']);
    const edited = read('small.test.mjs').replace(`it('go → make fails'`, `it('nothing is made'`);
    project.write('renamed.test.mjs', edited);
    expect(generate('small.mjs', '--out', 'renamed.test.mjs', '--check').code).toBe(0);
  });

  it('--check fails when the flow has outgrown the file, and names what is missing and superfluous', () => {
    project.write('grown.mjs', FLOW.replaceAll(`'made'`, `'built'`));
    const { code, stdout, stderr } = generate(
      'grown.mjs',
      '--out',
      'small.test.mjs',
      '--check',
      '--outcomes',
      OUTCOMES.replaceAll('made', 'built'),
    );
    expect(code).toBe(2);
    expect(stdout).toContain('missing:     go → built → ask waits for yes → yes\n');
    expect(stdout).toContain('superfluous: go → made → ask waits for yes → yes\n');
    expect(stderr).toMatch(
      /^engram: small.test.mjs does not have the paths of the flow: it lacks "go → built.*the flow has no more "go → made.*--force\n$/,
    );
    const { document } = project.json([
      'generate',
      'tests',
      'grown.mjs',
      '--out',
      'small.test.mjs',
      '--check',
      '--outcomes',
      '{}',
    ]);
    expect(document).toMatchObject({
      error: { code: 'TESTS_OUTGROWN' },
      missing: expect.any(Array),
      superfluous: expect.any(Array),
    });
  });

  it.each([
    [['small.mjs', '--check'], '--check is given without a file'],
    [['small.mjs', '--check', '--out', 'none.mjs'], 'none.mjs cannot be read'],
    [['small.mjs', '--runner', 'mocha'], 'there is no runner "mocha"'],
    [['small.mjs', '--outcomes', '[]'], '--outcomes is no record'],
    [['small.mjs', '--outcomes', '{"nobody":[]}'], 'there is no neuron "nobody"'],
    [['small.mjs', '--entry', 'end'], 'the flow cannot be entered by "end"'],
    [['order.ts', '--payload', '{}'], 'the payload of "placeOrder" does not fit'],
  ])('%j is refused in one line', (args, message) => {
    const { code, stdout, stderr } = generate(...args);
    expect([code, stdout, stderr.split('\n').length]).toEqual([2, '', 2]);
    expect(stderr).toContain(message);
  });
});
