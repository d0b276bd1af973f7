// Rule: what goes wrong while a run goes on is told in one line too, and what was stored before is there.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from './engram-cli.js';
import { ORDERS, payloadOf } from './orders-flow.js';

let project: Project;
beforeAll(() => {
  project = new Project({ 'orders.ts': ORDERS }).install('zod');
});
afterAll(() => project.remove());

const start = (kind: string, id: string) =>
  project.engram(['run', 'orders.ts', '--id', id, '--payload', payloadOf(kind)]);

describe('a handler', () => {
  it.each([
    [
      'foreign',
      'a signal of a foreign collateral',
      'neuron "ship" on "paid": neuron "ship" returned a signal of "elsewhere", which is not on its axon — add the collateral to the axon of "ship", or return a signal of one that is',
    ],
    [
      'no signal',
      'a value that is no signal',
      'neuron "ship" on "paid": neuron "ship" returned a number, which is no signal — return axon.<key>.createSignal(payload), expect(…), an array of these, or nothing',
    ],
    [
      'undeclared',
      'an expectation that is not declared',
      'neuron "ship" on "paid": neuron "ship" expects "elsewhere", which it has not declared — declare it: neuron(\'ship\', …).expects(elsewhere)',
    ],
  ])('that answers with %s ends the run with exit code 2, now and when it is asked for again', (kind, _what, told) => {
    const id = `run ${kind}`;
    const { code, stdout, stderr } = start(kind, id);
    expect({ code, stderr }).toEqual({ code: 2, stderr: `engram: run "${id}" failed: ${told}\n` });
    expect(stdout).toBe(`started ${id}\nmilestone pay (seq 2)\nshipping\n`);

    const before = project.hash();
    expect(project.engram(['resume', 'orders.ts', id])).toEqual({ code: 2, stdout: '', stderr });
    expect(project.json(['show', id]).document).toMatchObject({ id, status: 'failed', context: [], pending: [] });
    expect(project.hash()).toBe(before);
  });

  it('that throws ends the run with exit code 1 and one line', () => {
    const { code, stderr } = start('throws', 'thrown');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'engram: run "thrown" failed: neuron "ship" on "paid": no ship; in port — see what was not done: engram show thrown\n',
    });
    expect(project.json(['resume', 'orders.ts', 'thrown'])).toMatchObject({
      code: 1,
      document: { id: 'thrown', status: 'failed', error: { code: 'STIMULATION_FAILED' } },
    });
  });

  it('and another that both throw are told in one line', () => {
    const { code, stderr } = start('throws twice', 'twice');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'engram: run "twice" failed, 2 causes: neuron "ship" on "paid": no ship; in port; neuron "audit" on "paid": no ship; in the books — see what was not done: engram show twice\n',
    });
  });

  it('whose signal cannot be stored stops the run, which stays as of its last milestone', () => {
    const { code, stderr } = start('function', 'unstored');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^engram: checkpoint 3 of run "unstored" could not be stored: [^\n]*is a function[^\n]* — [^\n]+\n$/,
    );
    expect(project.json(['show', 'unstored']).document).toMatchObject({
      status: 'running',
      seq: 2,
      settled: 1,
      owner: null,
    });
  });

  it('that waits for nothing does not end silently', () => {
    const { code, stderr } = start('hangs', 'hung');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        'engram: run "hung" is not done, and nothing is left that it could be waiting for — a handler returned a promise that nobody will settle\n',
    });
    expect(project.json(['show', 'hung']).document).toMatchObject({ status: 'running', seq: 2 });
  });

  it('that throws where nobody can catch it is told in one line, and its run can be resumed', () => {
    const { code, stderr } = start('uncaught', 'loose');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'engram: the flow threw outside its handlers: no ship; in nobody knows — runs are stored as of their last milestone: mend the flow, then `engram resume`\n',
    });
    expect(project.json(['show', 'loose']).document).toMatchObject({ status: 'running', seq: 2 });
  });
});
