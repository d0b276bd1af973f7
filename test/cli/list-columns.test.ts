/** Rule: `engram ls` fits: on a terminal less important columns give way and ids keep both ends; a pipe gets it all. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { widthOf } from '../../src/cli/text-width.js';
import { Project } from './engram-cli.js';
import { hasScript, PseudoTerminal } from './pseudo-terminal.js';
import { ORDERS, payloadOf } from './orders-flow.js';
import { WAITS } from './waits-flow.js';

const LONG = 'orders-of-november-2026-from-the-warehouse-in-bologna-0000000017';
const WIDE = '注文番号-二〇二六年十一月-最初の注文-0001';

let project: Project;
beforeAll(() => {
  project = new Project({ 'orders.ts': ORDERS, 'waits.ts': WAITS }).install('zod');
  project.engram(['run', 'orders.ts', '--id', LONG, '--payload', payloadOf('hangs')]);
  project.engram(['run', 'orders.ts', '--id', WIDE, '--payload', payloadOf('fine')]);
  project.engram(['run', 'waits.ts', '--id', 'retry', '--payload', '"retry"']);
});
afterAll(() => project.remove());

describe.skipIf(!hasScript)('engram ls on a terminal (needs the script command of util-linux)', () => {
  const listed = async (columns: number) => {
    const terminal = new PseudoTerminal(project.dir, ['ls'], { columns, rows: 12 });
    expect(await terminal.ended()).toBe(0);
    const rows = terminal.picture.filter((row) => row !== '');
    expect(rows).toHaveLength(4); // nothing is broken into two lines
    expect(rows.filter((row) => widthOf(row) > columns)).toEqual([]);
    return { head: (rows[0] ?? '').split(/ +/), rows };
  };

  it('shows all columns where there is room', async () => {
    const { head, rows } = await listed(150);
    expect(head).toEqual(['id', 'status', 'graph', 'milestone', 'seq', 'when', 'due']);
    expect(rows.join('\n')).toContain(LONG);
    expect(rows.join('\n')).toMatch(/retry +waiting +waits +- +\d+ +(now|\d+ s ago) +in \d+ min$/m);
  });

  it('at 80 columns keeps the id, the status, and where it stands, and cuts long ids in their middle', async () => {
    const { head, rows } = await listed(80);
    expect(head.slice(0, 2)).toEqual(['id', 'status']);
    expect(head).toContain('milestone');
    const long = rows.find((row) => row.startsWith('orders-of')) ?? '';
    expect(long).toMatch(/^orders-of-[^ ]*…[^ ]*0017 +running /);
    const wide = rows.find((row) => row.startsWith('注文')) ?? '';
    expect(wide).toMatch(/^注文番号[^ ]*0001 +completed /);
    // the columns begin at the same place
    const at = (row: string, word: string) => widthOf(row.slice(0, row.indexOf(word)));
    expect(at(wide, 'completed')).toBe(at(long, 'running'));
  });

  it('leaves columns out in this order: seq, graph, due, when, milestone', async () => {
    const heads = await Promise.all([58, 52, 46, 40].map(async (columns) => (await listed(columns)).head));
    const order = ['milestone', 'when', 'due', 'graph', 'seq'];
    for (const head of heads) {
      const kept = order.filter((name) => head.includes(name));
      expect(kept).toEqual(order.slice(0, kept.length));
    }
    expect(heads[0]?.length).toBeGreaterThan(heads.at(-1)?.length ?? 0);
  });
});

it('a pipe gets all columns, whole ids, and times as they are', () => {
  const { stdout } = project.engram(['ls']);
  expect(stdout).toContain(LONG);
  expect(stdout).toContain(WIDE);
  expect(stdout).toMatch(/^id +status +graph +milestone +seq +when +due\n/);
  expect(stdout).toMatch(/\nretry +waiting +waits +- +\d+ +\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ +\d{4}-/);
});
