import { spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main, Project } from './engram-cli.js';
import { ORDERS, payloadOf } from './orders-flow.js';

const ESCAPE = '\u001b';
/** The `script` of util-linux, which gives a command a terminal. */
const hasScript = spawnSync('script', ['-qec', 'true', '/dev/null'], { input: '' }).status === 0;

let project: Project;
beforeAll(() => {
  project = new Project({ 'orders.ts': ORDERS }).install('zod');
  project.engram(['run', 'orders.ts', '--id', 'a', '--payload', payloadOf('fine')]);
});
afterAll(() => project.remove());

describe('colour', () => {
  it.each([
    ['not in a pipe', {}, false],
    ['in a pipe with FORCE_COLOR', { FORCE_COLOR: '1' }, true],
    ['not with FORCE_COLOR=0', { FORCE_COLOR: '0' }, false],
    ['not with NO_COLOR, whatever else is set', { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    ['with an empty NO_COLOR as if there were none', { NO_COLOR: '', FORCE_COLOR: '1' }, true],
  ])('is used %s', (_when, env, expected) => {
    expect(project.engram(['ls'], { env }).stdout.includes(ESCAPE)).toBe(expected);
    expect(project.engram(['show', 'b'], { env }).stderr.includes(ESCAPE)).toBe(expected);
  });

  it('is never in a JSON document', () => {
    expect(project.engram(['ls', '--json'], { env: { FORCE_COLOR: '1' } }).stdout).not.toContain(ESCAPE);
  });
});

it('control characters of what is stored do not reach the terminal', () => {
  project.write('loud.ts', ORDERS.replace("refuse('port')", "refuse('\\u001b[2Jport\\u202e')"));
  const { stderr } = project.engram(['run', 'loud.ts', '--id', 'loud', '--payload', payloadOf('throws')]);
  expect(stderr).toContain('no ship; in \\x1b[2Jport\\u202e');
  expect(project.engram(['show', 'loud']).stdout).toContain('no ship; in \\x1b[2Jport\\u202e');
});

describe.skipIf(!hasScript)('on a terminal (needs the script command of util-linux)', () => {
  const onTerminal = (args: readonly string[], columns: number, env: Readonly<Record<string, string>> = {}) => {
    const line = [process.execPath, main, ...args].map((arg) => `'${arg}'`).join(' ');
    return project.exec('script', ['-qec', `stty cols ${columns}; ${line}`, '/dev/null'], {
      env: { TERM: 'xterm', ...env },
    });
  };
  const args = (id: string) => ['run', 'orders.ts', '--id', id, '--payload', payloadOf('fine')];

  it('a run is one line that is rewritten, with the cursor hidden and given back', () => {
    const { code, stdout } = onTerminal(args('live'), 80);
    expect(code).toBe(0);
    expect(stdout.indexOf(`${ESCAPE}[?25l`)).toBe(0);
    expect(stdout.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThan(stdout.lastIndexOf('settled'));
    const last = stripVTControlCharacters(stdout).trimEnd().split(/\r?\n/).at(-1);
    expect(last?.split('\r').at(-1)).toBe('completed live');
    expect(stripVTControlCharacters(stdout)).not.toContain('milestone pay');
    expect(stripVTControlCharacters(stdout)).toContain('shipping\r\n');
  });

  it('no line is wider than the terminal', () => {
    const { stdout } = onTerminal(args('a-run-with-a-rather-long-name-that-does-not-fit'), 50);
    const lines = stripVTControlCharacters(stdout).split(/[\r\n]+/);
    expect(lines.filter((line) => /settled/.test(line)).length).toBeGreaterThan(0);
    expect(lines.filter((line) => /settled/.test(line) && line.length >= 50)).toEqual([]);
    const listed = stripVTControlCharacters(onTerminal(['ls'], 70).stdout).split('\r\n');
    expect(Math.max(...listed.map((line) => line.length))).toBeLessThanOrEqual(70);
  });

  it('without the abilities of one, and with --json, a run is told in plain lines', () => {
    expect(onTerminal(args('dumb'), 80, { TERM: 'dumb' }).stdout).toBe(
      'started dumb\r\nmilestone pay (seq 2)\r\nshipping\r\ncompleted dumb\r\n',
    );
    expect(onTerminal([...args('json'), '--json'], 80).stdout).toBe(
      'shipping\r\n{"id":"json","status":"completed"}\r\n',
    );
  });
});
