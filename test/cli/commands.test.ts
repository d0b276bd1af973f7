import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from './engram-cli.js';
import { ORDERS, payloadOf } from './orders-flow.js';

const version = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let project: Project;
beforeAll(() => {
  project = new Project({ 'orders.ts': ORDERS }).install('zod');
});
afterAll(() => project.remove());

const run = (id: string, kind = 'fine') =>
  project.engram(['run', 'orders.ts', '--id', id, '--payload', payloadOf(kind)]);

describe('engram run', () => {
  it('runs a .ts flow that finds no engram to import but that of the command line, and tells of each milestone', () => {
    expect(run('first')).toEqual({
      code: 0,
      stdout: 'started first\nmilestone pay (seq 2)\nshipping\ncompleted first\n',
      stderr: '',
    });
  });

  it('attaches to a run that has ended when it is started again with the same payload', () => {
    run('twice');
    const before = project.hash();
    expect(run('twice')).toEqual({ code: 0, stdout: 'completed twice\n', stderr: '' });
    expect(project.hash()).toBe(before);
  });

  it('goes on with a run that has not ended when it is started again with the same payload', () => {
    run('again', 'hangs');
    expect(run('again', 'hangs')).toMatchObject({
      code: 2,
      stdout: 'resumed again from checkpoint 2 (attempt 2)\nshipping\n',
    });
  });

  it('takes the payload from a file, from stdin, and the output from a collateral', () => {
    project.write('payload.json', payloadOf('fine'));
    const told = /\ncompleted [^ ]+, output 'an order that is fine'\n$/;
    const args = ['run', 'orders.ts', '--output', 'shipped', '--signal', 'start', '--payload'];
    expect(project.engram([...args, '@payload.json']).stdout).toMatch(told);
    expect(project.engram([...args, '@-'], { input: payloadOf('fine') }).stdout).toMatch(told);
  });

  it('finds the entry by the name of its collateral too', () => {
    expect(project.engram(['run', 'orders.ts', '--signal', 'ordered', '--payload', payloadOf('fine')]).code).toBe(0);
  });

  it('with --json prints one document, and what the flow prints goes to stderr', () => {
    const args = ['run', 'orders.ts', '--output', 'shipped', '--payload', payloadOf('fine')];
    expect(project.json(args)).toEqual({
      code: 0,
      document: { id: expect.stringMatching(UUID), status: 'completed', output: 'an order that is fine' },
    });
    expect(project.engram([...args, '--json']).stderr).toBe('shipping\n');
  });

  it('keeps nothing in memory:', () => {
    const empty = new Project({ 'orders.ts': ORDERS }).install('zod');
    const { code, stdout } = empty.engram(['run', 'orders.ts', '--payload', payloadOf('fine'), '--store', 'memory:']);
    expect({ code, lines: stdout.split('\n').length }).toEqual({ code: 0, lines: 5 });
    expect(() => empty.hash()).toThrow(/ENOENT/);
    empty.remove();
  });

  it('stores where ENGRAM_STORE says, and --store overrides it', () => {
    const env = { ENGRAM_STORE: 'file:from-env' };
    const args = ['run', 'orders.ts', '--payload', payloadOf('fine'), '--id'];
    project.engram([...args, 'env'], { env });
    project.engram([...args, 'option', '--store', 'file:from-option'], { env });
    const ids = (store: string) =>
      project.json(['ls', '--store', store]).document.runs.map((row: { id: string }) => row.id);
    expect([ids('file:from-env'), ids('file:from-option')]).toEqual([['env'], ['option']]);
  });

  it('writes a trace of the calls of handlers, in order', () => {
    project.engram(['run', 'orders.ts', '--id', 'traced', '--payload', payloadOf('fine'), '--trace', 'calls.jsonl']);
    const lines = readFileSync(join(project.dir, 'calls.jsonl'), 'utf8').trimEnd().split('\n');
    const calls = lines.map((line) => JSON.parse(line) as { activation: string; neuron: string });
    expect(calls.map(({ neuron }) => neuron)).toEqual(['pay', 'ship', 'audit', 'look']);
    expect(calls.every(({ activation }) => /^traced\/[0-9a-f]{16}$/.test(activation))).toBe(true);
  });
});

describe('a .js flow in a project that has installed engram', () => {
  it('shares the library with the command line, also with a cns and a store of its own', () => {
    const own = new Project({
      'flow.mjs': `
        import { CNS, collateral, neuron } from 'engram';
        import { fileStore } from 'engram/adapters/file';
        const go = collateral('go');
        const done = collateral('done');
        const work = neuron('work', { done }).milestone().dendrite({
          collateral: go,
          response: (_, axon) => axon.done.createSignal(CNS.name),
        });
        export const cns = new CNS([work], { store: fileStore({ dir: 'mine' }) });
        export const entry = go;`,
    }).install('engram');
    const completed = { code: 0, stdout: "completed a, output 'CNS'\n", stderr: '' };
    expect(own.engram(['run', 'flow.mjs', '--id', 'a'])).toEqual(completed);
    expect(own.engram(['resume', 'flow.mjs', 'a'])).toEqual(completed);
    expect(own.json(['ls', '--store', 'file:mine']).document.runs).toHaveLength(1);
    expect(() => own.hash()).toThrow(/ENOENT/);
    own.remove();
  });
});

describe('engram resume', () => {
  it('goes on from the last milestone with what was left, and not with what was done', () => {
    run('half', 'hangs');
    const { code, stdout } = project.engram(['resume', 'orders.ts', 'half', '--trace', 'half.jsonl']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: 'resumed half from checkpoint 2 (attempt 2)\nshipping\n' });
    expect(readFileSync(join(project.dir, 'half.jsonl'), 'utf8')).not.toContain('"pay"');
  });

  it('of a run that has ended tells its end again', () => {
    run('done');
    expect(project.json(['resume', 'orders.ts', 'done'])).toEqual({
      code: 0,
      document: { id: 'done', status: 'completed' },
    });
  });
});

describe('engram ls', () => {
  it('says so when there are no runs, and makes no store', () => {
    expect(project.engram(['ls', '--store', 'file:empty'])).toEqual({
      code: 0,
      stdout: 'no runs in file:empty\n',
      stderr: '',
    });
    expect(project.json(['ls', '--store', 'file:empty']).document).toEqual({ store: 'file:empty', runs: [] });
    expect(() => project.hash('empty')).toThrow(/ENOENT/);
  });

  it('lists id, status, graph, milestone, seq and time, and filters', () => {
    const store = ['--store', 'file:listed'];
    for (const [id, kind] of [
      ['b', 'fine'],
      ['a', 'throws'],
      ['c', 'hangs'],
    ] as const) {
      project.engram(['run', 'orders.ts', '--id', id, '--payload', payloadOf(kind), ...store]);
    }
    const { stdout } = project.engram(['ls', ...store]);
    expect(stdout.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, '<time>').split('\n')).toEqual([
      'id  status     graph   milestone  seq  when',
      'a   failed     orders  -          3    <time>',
      'b   completed  orders  -          3    <time>',
      'c   running    orders  pay        2    <time>',
      '',
    ]);
    const { document } = project.json(['ls', ...store, '--status', 'running,failed', '--graph', 'orders']);
    expect(document.runs.map((row: { id: string }) => row.id)).toEqual(['a', 'c']);
    expect(document.runs[1]).toEqual({
      id: 'c',
      status: 'running',
      graph: 'orders',
      milestone: 'pay',
      seq: 2,
      savedAt: expect.any(Number),
      due: null,
    });
    expect(project.json(['ls', ...store, '--graph', 'films']).document.runs).toEqual([]);
  });
});

describe('engram show', () => {
  it('shows where a run stands', () => {
    run('shown', 'hangs');
    const { stdout } = project.engram(['show', 'shown']);
    expect(stdout).toMatch(/^shown {2}running\n {2}graph +orders, version 1\n/);
    expect(stdout).toMatch(/\n {2}checkpoint 2, attempt 1, milestone pay\n/);
    expect(stdout).toMatch(/ pay [^]* ship +paid +starts when resumed\n[^]* audit +paid +starts when resumed\n/);
    expect(project.json(['show', 'shown']).document).toEqual({
      id: 'shown',
      status: 'running',
      store: 'file:.engram',
      graph: { name: 'orders', version: '1', fingerprint: expect.any(String) },
      seq: 2,
      attempt: 1,
      fence: 1,
      milestone: 'pay',
      savedAt: expect.any(Number),
      owner: null,
      settled: 1,
      context: [],
      pending: ['ship', 'audit'].map((neuron) => ({
        id: expect.stringMatching(/^shown\/[0-9a-f]{16}$/),
        neuron,
        dendrite: 'paid#0',
        collateral: 'paid',
        payload: { kind: 'hangs' },
        state: 'held',
        after: expect.any(String),
        attempt: 1,
        due: null,
        expects: null,
        undoes: null,
      })),
      ending: null,
      joined: [],
      owed: [],
      early: [],
      inbox: [],
      failed: [],
      events: [expect.objectContaining({ neuron: 'pay', outcome: 'responded', emitted: ['paid'] })],
      damage: [],
    });
  });

  it('shows what failed, and as many events as are asked for', () => {
    run('unhappy', 'throws twice');
    const { document } = project.json(['show', 'unhappy', '--events', '1']);
    expect(document).toMatchObject({ status: 'failed', failed: [{ neuron: 'ship' }, { neuron: 'audit' }] });
    expect(document.events).toHaveLength(1);
    expect(project.engram(['show', 'unhappy', '--events', '0']).stdout).not.toContain('events');
  });
});

it('engram --version prints the version of the package, and --help lists the exit codes', () => {
  expect(project.engram(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  expect(project.engram(['--help'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Exit codes: 0 completed'),
  });
  expect(project.engram(['run', '--help'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('--payload <json>'),
  });
});
