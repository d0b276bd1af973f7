import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Project, root } from './engram-cli.js';

/** A run of `quick` has something to do when its process has died; one of `waits` waits for a person. */
const FLOW = `
import { CNS, collateral, expect, neuron } from 'engram';
import { existsSync } from 'node:fs';

const order = collateral('order');
const half = collateral('half');
const approved = collateral('approved');
const first = neuron('first', { half })
  .milestone()
  .dendrite({ collateral: order, response: (kind, axon) => axon.half.createSignal(kind) });
const second = neuron('second', {})
  .expects(approved)
  .dendrite({
    collateral: half,
    response: (kind) => {
      if (kind === 'waits') return expect(approved);
      if (!existsSync('open')) process.kill(process.pid, 'SIGKILL');
      if (kind === 'breaks') throw new Error('the printer is on fire');
    },
  })
  .dendrite({ collateral: approved, response: () => undefined });
export const createCns = (host: object) => new CNS([first, second], { name: 'flow', ...host });
export const entry = order;
`;

let project: Project;
const projects: Project[] = [];
beforeEach(() => {
  project = new Project({ 'flow.ts': FLOW }).install('engram', 'zod');
  projects.push(project);
});
afterAll(() => projects.forEach((one) => one.remove()));

const start = (id: string, kind: string) =>
  project.engram(['run', 'flow.ts', '--id', id, '--payload', JSON.stringify(kind)]);
const show = (id: string) => project.json(['show', id]).document as Readonly<Record<string, unknown>>;

describe('engram abort', () => {
  it('undoes and ends an order that waits in the store, with exit code 0', () => {
    for (const name of ['order.ts', 'order']) {
      cpSync(join(root, 'machines/flows', name), join(project.dir, name), { recursive: true });
    }
    const payload = JSON.stringify({ order: 'A-1', amount: 2500, ledger: 'shop' });
    expect(project.engram(['run', 'order.ts', '--id', 'o', '--payload', payload]).code).toBe(0);
    const { code, stdout, stderr } = project.engram([
      'abort',
      'order.ts',
      'o',
      '--reason',
      'sold out',
      '--compensate',
      '--delivery-id',
      'a1',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^stored an abort for o \(delivery id a1\)\nresumed o from .*\n(undone .*\n)+aborted o\n$/);
    const books = readFileSync(join(project.dir, 'shop/ledger.jsonl'), 'utf8').trimEnd().split('\n');
    expect(books.map((line) => (JSON.parse(line) as { did: string }).did)).toEqual(['reserved', 'released']);
    expect(show('o')).toMatchObject({ status: 'aborted', inbox: [] });

    const again = project.engram(['abort', 'order.ts', 'o']);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('has ended (aborted)') });
  });

  it('with --detach only stores it; with --json it says how to go on, and how it has ended', () => {
    start('w', 'waits');
    expect(project.json(['abort', 'flow.ts', 'w', '--detach', '--delivery-id', 'a'])).toEqual({
      code: 0,
      document: {
        id: 'w',
        abort: { deliveryId: 'a', compensate: false },
        status: 'stored',
        resume: 'engram resume flow.ts w',
      },
    });
    expect(show('w')).toMatchObject({ status: 'waiting', inbox: ['a'] });
    expect(project.json(['abort', 'flow.ts', 'w', '--delivery-id', 'a'])).toMatchObject({
      code: 0,
      document: { id: 'w', status: 'aborted' },
    });
  });
});

describe('engram recover', () => {
  it('goes on with what a dead process has left, leaves what only waits, and reports both', () => {
    start('dead', 'quick');
    start('waits', 'waits');
    project.write('open', '');
    expect(project.engram(['recover', 'flow.ts'])).toEqual({
      code: 0,
      stdout: `brought back 1 run; 1 only wait, 0 are held elsewhere, 0 could not be brought back
of those brought back: 1 completed
`,
      stderr: '',
    });
    expect([show('dead')['status'], show('waits')['status']]).toEqual(['completed', 'waiting']);
    expect(project.json(['recover', 'flow.ts'])).toMatchObject({
      code: 0,
      document: { resumed: [], waiting: ['waits'], counts: { resumed: 0, waiting: 1 }, ended: {} },
    });
  });

  it('says which of the runs that it has brought back failed, why, and where to look', () => {
    start('torn', 'breaks');
    project.write('open', '');
    const { code, stdout } = project.engram(['recover', 'flow.ts']);
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(
        /^brought back 1 run; .*\nof those brought back: 1 failed\nfailed torn: .*the printer is on fire.*\n {2}to see where it stands: engram show torn\n$/,
      ),
    ]);
  });

  it('says which run another process holds, and until when', async () => {
    project.write(
      'held.ts',
      FLOW.replace(
        "process.kill(process.pid, 'SIGKILL')",
        'return new Promise(() => setInterval(() => undefined, 1000))',
      ),
    );
    const { child, ended } = await project.startUntil(
      ['run', 'held.ts', '--id', 'h', '--payload', '"quick"'],
      /milestone/,
    );
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    const { code, stdout } = project.engram(['recover', 'flow.ts']);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^brought back 0 runs; .*\\nheld h by pid ${child.pid} on .* until 2.*\\n$`)),
    ]);
  });

  it('says what is damaged: what was used instead, and what was lost', () => {
    start('hurt', 'quick');
    project.write('open', '');
    const folder = join(project.dir, '.engram/logs');
    const lines = readdirSync(folder).map((name) => join(folder, name));
    const flip = (from: string, to: string, which: 'indexOf' | 'lastIndexOf') => {
      for (const path of lines.filter((one) => existsSync(one))) {
        const text = readFileSync(path, 'utf8');
        const at = text[which](from);
        if (at >= 0) writeFileSync(path, `${text.slice(0, at)}${to}${text.slice(at + from.length)}`);
      }
    };
    flip('half#0', 'HALF#0', 'lastIndexOf');
    const { code, stdout } = project.engram(['recover', 'flow.ts']);
    expect(stdout).toMatch(/damaged hurt goes on from checkpoint 1, without 2: .* is damaged: /);
    expect(stdout).toContain('1 completed');
    expect(code).toBe(0);
  });
});
