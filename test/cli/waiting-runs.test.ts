// Rule: `engram ls` and `engram show` say of a run that waits for what it waits, until when, and what it still owes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from './engram-cli.js';
import { WAITS } from './waits-flow.js';

const HOUR = 3_600_000;
let project: Project;
beforeAll(() => {
  project = new Project({ 'waits.ts': WAITS }).install('zod');
});
afterAll(() => project.remove());

const run = (id: string) =>
  project.engram(['run', 'waits.ts', '--id', id, '--payload', JSON.stringify(id)]).stdout.split('\n');
const show = (id: string) => project.json(['show', id]).document;
const withoutTimes = (text: string): string => text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, '<time>');

/** One of its tables, without the first column where that holds ids. */
function tableOf(text: string, title: string): string[] {
  const lines = withoutTimes(text).split('\n');
  const from = lines.indexOf(`  ${title}`) + 1;
  return lines.slice(from, lines.indexOf('', from)).map((line) => line.trim().replace(/^[0-9a-f]{16} +/, ''));
}

describe('a run that waits for a signal', () => {
  it('is shown with what it waits for, what came too early, what a join lacks and what would be undone', () => {
    run('both');
    project.engram(['signal', 'waits.ts', 'both', 'b', '--detach', '--delivery-id', 'd']);
    project.engram(['resume', 'waits.ts', 'both']);
    const { stdout } = project.engram(['show', 'both', '--events', '10']);
    expect(stdout).toMatch(/^both {2}waiting\n/);
    expect(tableOf(stdout, 'pending (1)')).toEqual([
      'activation        neuron  signal  state',
      'first   go      waits for a',
    ]);
    expect(tableOf(stdout, 'joined (2)')).toEqual([
      'activation        neuron  signal  key',
      'both    half    left',
      'both    half    more',
    ]);
    expect(tableOf(stdout, 'early signals (1)')).toEqual(['signal  payload', 'b       undefined']);
    expect(tableOf(stdout, 'undone when the run fails, from the last (1)')).toEqual([
      'activation        neuron  signal',
      'first   go',
    ]);
    const id = expect.stringMatching(/^both\/[0-9a-f]{16}$/);
    expect(show('both')).toMatchObject({
      status: 'waiting',
      ending: null,
      pending: [{ id, neuron: 'first', collateral: 'go', state: 'waiting', expects: 'a', due: null, attempt: 1 }],
      joined: [
        { id, neuron: 'both', dendrite: 'half#0', payload: 'left', key: 'left' },
        { id, neuron: 'both', dendrite: 'half#0', payload: 'more', key: 'more' },
      ],
      owed: [{ id, neuron: 'first', collateral: 'go', payload: 'both' }],
      early: [{ collateral: 'b' }],
      inbox: [],
    });
  });

  it('is shown with the time at which it gives up', () => {
    run('until');
    project.engram(['signal', 'waits.ts', 'until', 'a', '--payload', '1']);
    const { savedAt, pending } = show('until');
    expect(pending).toMatchObject([{ neuron: 'second', state: 'waiting', expects: 'b' }]);
    expect(Math.abs(pending[0].due - savedAt - HOUR)).toBeLessThan(60_000);
    expect(tableOf(project.engram(['show', 'until', '--events', '10']).stdout, 'pending (1)')[1]).toBe(
      'second  a       waits for b until <time>',
    );
  });
});

describe('a run that waits for a time', () => {
  it('is let go where that is far away, and shown with when it starts', () => {
    const lines = run('delay');
    expect(lines.map(withoutTimes)).toEqual([
      'started delay',
      'waiting delay until <time>',
      '  engram resume waits.ts delay  # from <time> on',
      '',
    ]);
    expect(tableOf(project.engram(['show', 'delay', '--events', '10']).stdout, 'pending (1)')[1]).toBe(
      'idle    later   starts at <time>',
    );
  });

  it('is shown with the attempt that is due', () => {
    expect(run('retry').slice(0, 2).map(withoutTimes)).toEqual(['started retry', 'waiting retry until <time>']);
    expect(tableOf(project.engram(['show', 'retry', '--events', '10']).stdout, 'pending (1)')[1]).toBe(
      'retried  failing  attempt 2 at <time>',
    );
    const { savedAt, pending } = show('retry');
    expect(pending).toMatchObject([{ neuron: 'retried', state: 'delayed', attempt: 2, expects: null }]);
    expect(Math.abs(pending[0].due - savedAt - HOUR)).toBeLessThan(60_000);
  });
});

describe('engram ls', () => {
  it('lists runs that wait as such, with the time at which they go on by themselves', () => {
    const store = ['--store', 'file:listed'];
    for (const kind of ['both', 'retry']) {
      project.engram(['run', 'waits.ts', '--id', kind, '--payload', JSON.stringify(kind), ...store]);
    }
    expect(withoutTimes(project.engram(['ls', ...store, '--status', 'waiting']).stdout).split('\n')).toEqual([
      'id     status   graph  milestone  seq  when                  due',
      'both   waiting  waits  -          3    <time>  -',
      'retry  waiting  waits  -          3    <time>  <time>',
      '',
    ]);
    const { runs } = project.json(['ls', ...store]).document;
    expect(runs.map(({ id, due }: { id: string; due: number | null }) => [id, typeof due])).toEqual([
      ['both', 'object'],
      ['retry', 'number'],
    ]);
    expect(project.json(['ls', ...store, '--status', 'running']).document.runs).toEqual([]);
  });
});
