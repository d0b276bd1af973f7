// Rule: a signal that cannot be delivered costs one line with the next step, exit code 2, and nothing that was stored.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from './engram-cli.js';
import { WAITS } from './waits-flow.js';

let project: Project;
beforeAll(() => {
  project = new Project({ 'waits.ts': WAITS }).install('zod', 'engram');
  project.write('other.ts', WAITS.replace("name: 'waits'", "name: 'other'"));
  project.write(
    'own.mjs',
    `import { CNS, collateral, expect, neuron } from 'engram';
    const go = collateral('go');
    const a = collateral('a');
    const waits = neuron('waits', {}).expects(a).dendrite({ collateral: go, response: () => expect(a) });
    export const cns = new CNS([waits]);
    export const entry = go;`,
  );
  expect(project.engram(['run', 'waits.ts', '--id', 'open', '--payload', '"both"']).code).toBe(0);
  expect(project.engram(['run', 'waits.ts', '--id', 'ended', '--payload', '"end"']).code).toBe(0);
});
afterAll(() => project.remove());

/** What is said, and the next step; the store stays as it is. */
function refused(args: readonly string[]): readonly [string, string] {
  const before = project.hash();
  const { code, stdout, stderr } = project.engram(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  const [, message = '', step = ''] = /^engram: ([^\n]+) — ([^\n]+)\n$/.exec(stderr) ?? expect.fail(stderr);
  expect(project.hash()).toBe(before);
  return [message, step];
}

describe('engram signal', () => {
  it.each([
    ['an unknown run', ['nobody', 'a', '--payload', '1'], 'there is no run "nobody" in file:.engram', /engram ls/],
    ['an unknown collateral', ['open', 'c'], 'the graph has no collateral "c"', /it has .*"a", "b"/],
    [
      'a collateral that nothing listens to',
      ['open', 'done', '--payload', '"x"'],
      'a signal of "done" cannot be delivered to run "open": nothing in the graph listens to it',
      /engram show/,
    ],
    ['a payload that is not JSON', ['open', 'a', '--payload', '{1'], /^the payload is not JSON: /, /quote it/],
    [
      'a payload that the schema does not take',
      ['open', 'a', '--payload', '"one"'],
      /^the payload of "a" does not fit its schema: /,
      /schema of "a" accepts/,
    ],
    ['no payload where there has to be one', ['open', 'a'], /^the payload of "a" does not fit its schema: /, /schema/],
    [
      'a run that has ended',
      ['ended', 'b'],
      /^a signal of "b" cannot be delivered to run "ended": it has ended \(completed\)$/,
      /takes nothing more/,
    ],
    ['a delivery id that is empty', ['open', 'a', '--payload', '1', '--delivery-id', ''], /deliveryId/, /leave it out/],
    ['a missing collateral', ['open'], "missing required argument 'collateral'", /engram signal --help/],
    [
      'a run in memory:',
      ['open', 'a', '--payload', '1', '--store', 'memory:'],
      'engram signal finds nothing in memory:, which ends with each process',
      /--store file:/,
    ],
  ])('is refused for %s', (_what, args, message, next) => {
    const [said, step] = refused(['signal', 'waits.ts', ...args]);
    if (typeof message === 'string') expect(said).toBe(message);
    else expect(said).toMatch(message);
    expect(step).toMatch(next);
  });

  it('is refused for a run of another flow', () => {
    const [said] = refused(['signal', 'other.ts', 'open', 'a', '--payload', '1']);
    expect(said).toContain('it is a run of "waits", not of "other"');
  });

  it('is refused for a flow whose own cns has no store', () => {
    const [said, step] = refused(['signal', 'own.mjs', 'open', 'a']);
    expect(said).toContain('cns.signal()');
    expect(step).toContain('store');
  });

  it('with --json says the same in one document', () => {
    const { code, document } = project.json(['signal', 'waits.ts', 'nobody', 'a', '--payload', '1']);
    expect({ code, document }).toEqual({
      code: 2,
      document: {
        error: {
          code: 'UNKNOWN_RUN',
          message: 'there is no run "nobody" in file:.engram',
          hint: expect.stringContaining('engram ls'),
        },
      },
    });
  });
});
