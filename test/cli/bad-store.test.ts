// Rule: whatever is wrong with the store is told in one line with the next step; what it holds is as good as before.
import { crc32 } from 'node:zlib';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main, namespaceArgs, Project } from './engram-cli.js';
import { ORDERS, payloadOf } from './orders-flow.js';

let project: Project;
beforeEach(() => {
  project = new Project({ 'orders.ts': ORDERS, 'other.ts': ORDERS.replaceAll("'ship'", "'send'") }).install('zod');
});
afterEach(() => project.remove());

const ONE_LINE = /^engram: [^\n]+ — [^\n]+\n$/;
const startArgs = (id: string, kind = 'fine') => ['run', 'orders.ts', '--id', id, '--payload', payloadOf(kind)];
const shown = (id: string, store = 'file:.engram') => project.json(['show', id, '--store', store]).document;
const quoted = (args: readonly string[]) =>
  [process.execPath, main, ...args].map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`).join(' ');
const logPath = () => {
  const [name = expect.fail('no log')] = readdirSync(join(project.dir, '.engram/logs'));
  return join(project.dir, '.engram/logs', name);
};

/** A first run that has ended and a second that waits to go on. */
function withTwoRuns(): void {
  expect(project.engram(startArgs('ended')).code).toBe(0);
  expect(project.engram(startArgs('open', 'hangs')).code).toBe(2);
}

describe('a store of another format version', () => {
  it('is refused by every command and stays as it is', () => {
    withTwoRuns();
    for (const name of readdirSync(join(project.dir, '.engram/logs'))) {
      const path = join(project.dir, '.engram/logs', name);
      const [first = '', ...rest] = readFileSync(path, 'utf8').split('\n');
      const body = first.replace(/^\{"crc":"[0-9a-f]{8}",/, '').replace('"version":1', '"version":9');
      writeFileSync(path, [`{"crc":"${crc32(body).toString(16).padStart(8, '0')}",${body}`, ...rest].join('\n'));
    }
    const before = project.hash();
    for (const args of [['ls'], ['show', 'open'], ['resume', 'orders.ts', 'open'], startArgs('new')]) {
      const { code, stdout, stderr } = project.engram(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(ONE_LINE);
      expect(stderr).toMatch(/version 9; this version reads version 1 — use the version of engram that wrote it/);
    }
    expect(project.hash()).toBe(before);
  });

  it('is refused when something else wrote it', () => {
    withTwoRuns();
    writeFileSync(join(project.dir, '.engram/logs/notes.jsonl'), '{"buy":"milk"}\n');
    const before = project.hash();
    const { code, stderr } = project.engram(['ls']);
    expect(code).toBe(2);
    expect(stderr).toMatch(ONE_LINE);
    expect(stderr).toContain('notes.jsonl');
    expect(project.hash()).toBe(before);
  });
});

describe('a damaged checkpoint', () => {
  it('costs that checkpoint: show and resume fall back to the one before and say so', () => {
    expect(project.engram(startArgs('open', 'hangs')).code).toBe(2);
    const path = logPath();
    const text = readFileSync(path, 'utf8');
    const at = text.lastIndexOf('paid#0');
    writeFileSync(path, `${text.slice(0, at)}PAID${text.slice(at + 4)}`);

    expect(shown('open')).toMatchObject({ seq: 1, settled: 0, damage: [expect.stringContaining('is damaged')] });
    expect(project.engram(['ls']).code).toBe(0);
    const { code, stdout, stderr } = project.engram(['resume', 'orders.ts', 'open']);
    expect(code).toBe(2); // it hangs again
    expect(stdout).toContain('milestone pay');
    expect(stderr).toMatch(/goes on from checkpoint 1: [^\n]* is damaged/);
    expect(shown('open')).toMatchObject({ seq: 3, settled: 1 });
  });
});

describe('a run that another process holds', () => {
  it('is refused to resume and goes on undisturbed', async () => {
    const { child, ended } = await project.startUntil(startArgs('held', 'waits'), /milestone pay/);
    const before = shown('held');
    const { code, stdout, stderr } = project.engram(['resume', 'orders.ts', 'held']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(ONE_LINE);
    expect(stderr).toContain(`run "held" is owned by pid ${child.pid} on `);
    const after = shown('held');
    expect(after).toEqual({ ...before, owner: after.owner });
    child.kill('SIGKILL');
    await ended;
  });
});

describe('a flow that has changed', () => {
  it('does not resume a run that needs what is gone, and does not touch it', () => {
    withTwoRuns();
    const before = project.hash();
    const { code, stdout, stderr } = project.engram(['resume', 'other.ts', 'open']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(ONE_LINE);
    expect(stderr).toContain('run "open" was stored by another graph: neuron "ship" is gone');
    expect(project.hash()).toBe(before);
  });
});

describe('a store that cannot be written', () => {
  it('because a file is in its place is refused', () => {
    project.write('taken', 'mine');
    const { code, stdout, stderr } = project.engram([...startArgs('new'), '--store', 'file:taken']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(ONE_LINE);
    expect(readFileSync(join(project.dir, 'taken'), 'utf8')).toBe('mine');
  });

  // root writes wherever it likes; a file system mounted read-only stops it too
  it.skipIf(process.getuid?.() === 0)('because of its permissions is refused', () => {
    withTwoRuns();
    for (const folder of ['', 'logs', 'runs', 'owners']) chmodSync(join(project.dir, '.engram', folder), 0o500);
    const before = project.hash();
    const { code, stderr } = project.engram(startArgs('new'));
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(ONE_LINE) });
    expect(project.hash()).toBe(before);
    for (const folder of ['', 'logs', 'runs', 'owners']) chmodSync(join(project.dir, '.engram', folder), 0o700);
  });

  it.skipIf(namespaceArgs === undefined)('because it is mounted read-only is refused, and can be read', () => {
    withTwoRuns();
    const before = project.hash();
    const inside = (args: readonly string[]) =>
      project.exec('unshare', [
        ...(namespaceArgs ?? []),
        'sh',
        '-ec',
        `mount --bind .engram .engram; mount -o remount,ro,bind .engram; cd .; exec ${quoted(args)}`,
      ]);
    for (const args of [startArgs('new'), ['resume', 'orders.ts', 'open']]) {
      const { code, stdout, stderr } = inside(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(ONE_LINE);
      expect(stderr).toContain('mount the file system of');
    }
    expect(inside(['ls']).stdout).toMatch(/ended +completed[^]*open +running/);
    expect(project.hash()).toBe(before);
  });
});

describe('a full disk', () => {
  const MANY = `
    import { CNS, collateral, neuron } from 'engram';
    const step = collateral<number>('step');
    const fill = neuron('fill', { step }).milestone().dendrite({
      collateral: step,
      response: async (n, axon, ctx) => { (ctx as any).set('x'.repeat(2000) + n); return n < 60 ? axon.step.createSignal(n + 1) : undefined; },
    });
    export const createCns = (host: object) => new CNS([fill], { name: 'fill', ...host });
    export const entry = step;`;
  const args = ['run', 'many.ts', '--id', 'many', '--payload', '1', '--store', 'file:disk'];

  it('met as a limit on file sizes stops the run at its last milestone, and it goes on when there is room', () => {
    project.write('many.ts', MANY);
    // sh counts in blocks of 512 bytes: room for some of 60 checkpoints of 2 kB
    const full = project.exec('sh', ['-c', `trap '' XFSZ; ulimit -f 120; exec ${quoted(args)}`]);
    expectStoppedAndResumed(full.code, full.stdout, full.stderr);
  });

  it.skipIf(namespaceArgs === undefined)(
    'stops the run at its last milestone, and it goes on when there is room',
    () => {
      project.write('many.ts', MANY);
      const script = `mkdir small; mount -t tmpfs -o size=96k tmpfs small; code=0
      ${quoted(args).replace('file:disk', 'file:small/disk')} || code=$?; cp -r small/disk disk; exit $code`;
      const full = project.exec('unshare', [...(namespaceArgs ?? []), 'sh', '-ec', script]);
      expectStoppedAndResumed(full.code, full.stdout, full.stderr);
    },
  );

  function expectStoppedAndResumed(code: number | null, stdout: string, stderr: string): void {
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(ONE_LINE) });
    expect(stderr).toMatch(/^engram: checkpoint \d+ of run "many" could not be stored: /);
    const told = [...stdout.matchAll(/^milestone fill \(seq (\d+)\)$/gm)].map(([, seq]) => Number(seq));
    const last = told.at(-1) ?? expect.fail('it met the end at once');
    expect(shown('many', 'file:disk')).toMatchObject({
      status: 'running',
      seq: last,
      settled: told.length,
      damage: [],
    });

    const resumed = project.engram(['resume', 'many.ts', 'many', '--store', 'file:disk']);
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(resumed.stdout.match(/^milestone /gm)).toHaveLength(60 - told.length);
    expect(shown('many', 'file:disk')).toMatchObject({ status: 'completed', settled: 60 });
  }
});
