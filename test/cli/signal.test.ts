import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main, Project, root } from './engram-cli.js';
import { SIGNALLED_AT_RELEASE, WAITS } from './waits-flow.js';

let project: Project;
beforeAll(() => {
  project = new Project({ 'waits.ts': WAITS, 'posting.ts': SIGNALLED_AT_RELEASE }).install('zod');
  for (const name of ['order.ts', 'order']) {
    cpSync(join(root, 'machines/flows', name), join(project.dir, name), { recursive: true });
  }
});
afterAll(() => project.remove());

const order = (id: string, more: object = {}): string =>
  JSON.stringify({ order: 'A-1', amount: 2500, ledger: `shop-${id}`, ...more });
const run = (id: string, more: object = {}, ...args: readonly string[]) =>
  project.engram(['run', 'order.ts', '--id', id, '--payload', order(id, more), ...args]);
const signal = (id: string, by: string, ...args: readonly string[]) =>
  project.engram(['signal', 'order.ts', id, 'approved', '--payload', JSON.stringify({ by }), ...args]);

/** What the shop's books say: what was done, and who approved it. */
function ledger(id: string): string[] {
  const lines = readFileSync(join(project.dir, `shop-${id}`, 'ledger.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => {
    const { did, approvedBy } = JSON.parse(line) as { did: string; approvedBy?: string };
    return approvedBy === undefined ? did : `${did} (${approvedBy})`;
  });
}

const withoutTimes = (text: string): string => text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, '<time>');

describe('a run that only waits for a person', () => {
  it('is let go with exit code 0, and the line to type next goes on with it to its end', () => {
    const { code, stdout, stderr } = run('typed');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(withoutTimes(stdout)).toBe(
      `started typed
milestone reserve (seq 2)
waiting typed for approved until <time>
  engram signal order.ts typed approved --payload '{"by":"…"}'
  engram resume order.ts typed  # from <time> on
`,
    );
    expect(ledger('typed')).toEqual(['reserved']);

    const line = / {2}engram (signal .*)\n/.exec(stdout)?.[1]?.replace('…', 'Ann') ?? '';
    const typed = project.exec('sh', ['-c', `"${process.execPath}" "${main}" ${line} --delivery-id first`]);
    expect(typed).toEqual({
      code: 0,
      stdout: `stored approved for typed (delivery id first)
resumed typed from checkpoint 4 (attempt 2)
milestone charge (seq 6)
completed typed, output { order: 'A-1' }
`,
      stderr: '',
    });
    expect(ledger('typed')).toEqual(['reserved', 'charged (Ann)', 'shipped (Ann)']);
  });

  it('still waits when it is resumed too early, and says so again', () => {
    run('early');
    const { code, stdout } = project.engram(['resume', 'order.ts', 'early']);
    expect({ code, stdout: withoutTimes(stdout) }).toEqual({
      code: 0,
      stdout: `resumed early from checkpoint 4 (attempt 2)
waiting early for approved until <time>
  engram signal order.ts early approved --payload '{"by":"…"}'
  engram resume order.ts early  # from <time> on
`,
    });
    expect(project.json(['show', 'early']).document).toMatchObject({ status: 'waiting', owner: null });
  });

  it('with --json is one document that says for what, until when and what to type', () => {
    const { code, document } = project.json(['run', 'order.ts', '--id', 'doc', '--payload', order('doc')]);
    expect({ code, document }).toEqual({
      code: 0,
      document: {
        id: 'doc',
        status: 'waiting',
        waitsFor: [{ collateral: 'approved', neuron: 'approve', until: expect.any(Number) }],
        until: document.waitsFor[0].until,
        next: [`engram signal order.ts doc approved --payload '{"by":"…"}'`, 'engram resume order.ts doc'],
      },
    });
    const args = ['signal', 'order.ts', 'doc', 'approved', '--payload', '{"by":"Bo"}', '--delivery-id', 'd'];
    expect(project.json(args)).toEqual({
      code: 0,
      document: {
        id: 'doc',
        signal: { collateral: 'approved', deliveryId: 'd' },
        status: 'completed',
        output: { order: 'A-1' },
      },
    });
  });

  it('names the store in the lines to type when it was named before', () => {
    const { stdout } = run('stored', {}, '--store', 'file:else where');
    expect(stdout).toContain(
      `  engram signal order.ts stored approved --payload '{"by":"…"}' --store 'file:else where'\n`,
    );
    expect(stdout).toContain(`  engram resume order.ts stored --store 'file:else where'  #`);
  });

  it('is waited for where its time is less than half a minute away, then expires and is undone', () => {
    const { code, stdout, stderr } = run('soon', { within: '1s' });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'engram: run "soon" failed: neuron "expire" on "expired": nobody has approved order A-1 within 1s' +
        ' — the handler asked for no further attempt\n',
    });
    expect(withoutTimes(stdout)).toContain('\nwaiting soon for approved until <time>\n  engram signal order.ts soon ');
    expect(stdout).toMatch(/\nundone reserve \(seq \d+\)\n$/);
    expect(ledger('soon')).toEqual(['reserved', 'released']);
  });

  it('takes in one process what another one sends while it goes on there', async () => {
    const args = ['run', 'order.ts', '--id', 'live', '--payload', order('live', { within: '25s' })];
    const { ended } = await project.startUntil(args, /waiting live/);
    const { code, stdout } = signal('live', 'Cy', '--delivery-id', 'd');
    expect({ code, lines: stdout.split('\n') }).toEqual({
      code: 0,
      lines: [
        'stored approved for live (delivery id d)',
        expect.stringMatching(/^live goes on where it is: pid \d+ on .* takes the signal$/),
        '',
      ],
    });
    expect(await ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/\ncompleted live, [^\n]+\n$/) });
    expect(ledger('live')).toEqual(['reserved', 'charged (Cy)', 'shipped (Cy)']);
  });

  it('goes on here with what was sent to it in the moment in which it was let go', () => {
    const { code, stdout } = project.engram(['run', 'posting.ts', '--id', 'mail']);
    expect({ code, lines: stdout.split('\n') }).toEqual({
      code: 0,
      lines: [
        'started mail',
        'stored a for mail (delivery id d)',
        expect.stringMatching(/^mail goes on where it is: /),
        expect.stringMatching(/^resumed mail from checkpoint \d \(attempt 2\)$/),
        'completed mail',
        '',
      ],
    });
  });
});

describe('engram signal', () => {
  it('--detach only stores, and whoever resumes the run finds it', () => {
    run('detached');
    const { code, stdout } = signal('detached', 'Di', '--detach', '--delivery-id', 'd');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `stored approved for detached (delivery id d)
taken by the process that holds the run; when none does, with: engram resume order.ts detached
`,
    });
    expect(project.json(['show', 'detached']).document).toMatchObject({ status: 'waiting', inbox: ['d'] });
    expect(project.engram(['show', 'detached']).stdout).toContain('inbox      1 signal to be taken: d\n');
    expect(project.engram(['resume', 'order.ts', 'detached']).code).toBe(0);
    expect(ledger('detached')).toEqual(['reserved', 'charged (Di)', 'shipped (Di)']);
  });

  it('with --json and --detach says what is stored and how to go on', () => {
    run('detached-doc');
    const args = ['signal', 'order.ts', 'detached-doc', 'approved', '--payload', '{"by":"Di"}', '--detach'];
    expect(project.json(args)).toEqual({
      code: 0,
      document: {
        id: 'detached-doc',
        signal: { collateral: 'approved', deliveryId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
        status: 'stored',
        resume: 'engram resume order.ts detached-doc',
      },
    });
  });

  it('counts the same delivery id once', () => {
    run('twice');
    signal('twice', 'Ed', '--detach', '--delivery-id', 'same');
    const { code, stdout } = signal('twice', 'Flo', '--delivery-id', 'same');
    expect({ code, last: stdout.trimEnd().split('\n').at(-1) }).toEqual({
      code: 0,
      last: `completed twice, output { order: 'A-1' }`,
    });
    expect(ledger('twice')).toEqual(['reserved', 'charged (Ed)', 'shipped (Ed)']);
  });

  it('tells of a signal that nobody waited for when the run has ended', () => {
    run('unclaimed');
    signal('unclaimed', 'Gil', '--detach');
    const { code, stdout } = signal('unclaimed', 'Hal');
    expect({ code, last: stdout.trimEnd().split('\n').at(-1) }).toEqual({
      code: 0,
      last: `completed unclaimed, output { order: 'A-1' }, with 1 signal that nobody waited for: approved`,
    });
  });

  it('ends with exit code 1 when the run fails after it, and what was done is undone', () => {
    run('struck', { strike: true });
    const { code, stdout } = signal('struck', 'Ida', '--delivery-id', 'd', '--trace', 'struck.jsonl');
    expect({ code, undone: stdout.match(/undone \w+/g) }).toEqual({
      code: 1,
      undone: ['undone charge', 'undone reserve'],
    });
    expect(ledger('struck')).toEqual(['reserved', 'charged (Ida)', 'refunded (Ida)', 'released']);
    const traced = readFileSync(join(project.dir, 'struck.jsonl'), 'utf8').trimEnd().split('\n');
    expect(traced.map((line) => (JSON.parse(line) as { neuron: string }).neuron)).toEqual([
      'approve',
      'charge',
      'ship',
      'charge',
      'reserve',
    ]);
  });

  it('ends with exit code 0 when the run waits again, and says for what', () => {
    const go = project.engram(['run', 'waits.ts', '--id', 'steps', '--payload', '"both"']);
    expect(go.stdout).toContain('\nwaiting steps for a\n  engram signal waits.ts steps a --payload 0\n');
    const { code, stdout } = project.engram([
      'signal',
      'waits.ts',
      'steps',
      'a',
      '--payload',
      '1',
      '--delivery-id',
      'd',
    ]);
    expect({ code, stdout: withoutTimes(stdout) }).toEqual({
      code: 0,
      stdout: `stored a for steps (delivery id d)
resumed steps from checkpoint 3 (attempt 2)
waiting steps for b until <time>
  engram signal waits.ts steps b
  engram resume waits.ts steps  # from <time> on
`,
    });
  });
});

describe('a run without a store that outlives the process', () => {
  it('is told that what it waits for cannot reach it, and ends with exit code 2 where nothing else is left', () => {
    const args = ['run', 'waits.ts', '--id', 'lost', '--payload', '"both"', '--store', 'memory:'];
    const { code, stdout, stderr } = project.engram(args);
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: `started lost
waiting lost for a, which cannot reach it: it is not stored where anybody could find it
`,
      stderr:
        'engram: run "lost" waits for a from outside, where nobody can find it: it is not stored — give it a store that' +
        ' outlives the process, e.g. --store file:.engram, and `engram signal` reaches it there\n',
    });
    expect(project.json(args).document.error.code).toBe('UNREACHABLE_RUN');
  });

  it('is waited for until its time is up', () => {
    expect(run('kept-waiting', { within: '1s' }, '--store', 'memory:').code).toBe(1);
    expect(ledger('kept-waiting')).toEqual(['reserved', 'released']);
  });
});
