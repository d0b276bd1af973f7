import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Project } from './engram-cli.js';
import { ORDERS, payloadOf } from './orders-flow.js';

let project: Project;
beforeEach(() => {
  project = new Project({ 'orders.ts': ORDERS }).install('zod');
});
afterEach(() => project.remove());

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, code) => {
  it(`lets the run go, says how to go on, and exits with ${code}`, async () => {
    const args = ['run', 'orders.ts', '--id', "o'brien 1", '--payload', payloadOf('waits'), '--store', 'file:kept'];
    const { child, ended } = await project.startUntil(args, /shipping/);
    child.kill(signal);
    const { code: exitCode, stdout, stderr } = await ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: '' });
    const command = `engram resume orders.ts 'o'\\''brien 1' --store file:kept`;
    expect(stdout).toContain(`\nstopped o'brien 1, go on with: ${command}\n`);

    const { document } = project.json(['show', "o'brien 1", '--store', 'file:kept']);
    expect(document).toMatchObject({ status: 'running', seq: 2, owner: null });
  });

  it('with --json ends with one document', async () => {
    const args = ['run', 'orders.ts', '--id', 'a', '--payload', payloadOf('waits'), '--json'];
    const { child, ended } = await project.startUntil(args, /shipping/);
    child.kill(signal);
    const { code: exitCode, stdout } = await ended;
    expect(exitCode).toBe(code);
    expect(JSON.parse(stdout)).toEqual({ id: 'a', status: 'stopped', signal, resume: 'engram resume orders.ts a' });
  });
});
