/** Rule: `engram show` draws who started whom, when, and what is left, within the terminal. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { widthOf } from '../../src/cli/text-width.js';
import { Project, root } from './engram-cli.js';
import { ORDERS, payloadOf } from './orders-flow.js';
import { framesOf, hasScript, PseudoTerminal } from './pseudo-terminal.js';
import { RunningCommand } from './running-command.js';
import { WAITS } from './waits-flow.js';

const ORDER = join(root, 'machines/flows/order.ts');
const UTF8 = { LC_ALL: 'C.UTF-8' };
/** It spreads, one of many fails, a chain is long, and names are wide. */
const SHAPES = `
import { CNS, collateral, neuron } from 'engram';
const go = collateral<number>('go');
const item = collateral<number>('item');
const next = collateral<number>('next');
const side = collateral('side');
const last = collateral('last');
const spread = neuron('spread', { item, next }).dendrite({
  collateral: go,
  response: (n, axon) => [...Array.from({ length: n }, (_, i) => axon.item.createSignal(i)), axon.next.createSignal(200)],
});
const check = neuron('check', {}).dendrite({
  collateral: item,
  response: (i) => {
    if (i === 1000) throw new Error('the thousandth is not as it should be, and 映画 🎬 is a word that takes more room than it has letters');
  },
});
const step = neuron('step', { next, side, last }).dendrite({
  collateral: next,
  response: (n, axon) => (n === 0 ? axon.last.createSignal() : n % 50 === 0 ? [axon.next.createSignal(n - 1), axon.side.createSignal()] : axon.next.createSignal(n - 1)),
});
const beside = neuron('beside', {}).dendrite({ collateral: side, response: () => undefined });
export const entry = go;
export const createCns = (host: object) => new CNS([spread, check, step, beside], { name: 'shapes', ...host });
`;

let project: Project;
beforeAll(() => {
  project = new Project({ 'orders.ts': ORDERS, 'waits.ts': WAITS, 'shapes.ts': SHAPES }).install('zod');
});
afterAll(() => project.remove());

/** Below the facts, without times. */
function treeOf(text: string): string[] {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => /^ {2}[●*○] /.test(line));
  const to = lines.indexOf('', from);
  return lines.slice(from, to < 0 ? undefined : to).map((line) =>
    line
      .slice(2)
      .replace(/ +\+[\d.]+ m?s/, ' +t')
      .replace(/ [\d.]+ m?s\b/, ' t')
      .replace(/ {2,}/g, ' ')
      .trimEnd(),
  );
}
const show = (id: string, env: Readonly<Record<string, string>> = UTF8, ...more: readonly string[]) =>
  project.engram(['show', id, ...more], { env }).stdout;

describe('engram show', () => {
  it('draws neurons below those that started them, with what they were reached by, and what nobody took', () => {
    project.engram(['run', 'orders.ts', '--id', 'fine', '--payload', payloadOf('fine')]);
    expect(treeOf(show('fine'))).toEqual([
      '● ordered',
      '✔ pay ⬢ ordered +t t',
      '├─ ✔ ship paid +t t',
      '│ ✔ look shipped +t t',
      '└─ ✔ audit paid +t t',
    ]);
  });

  it('draws in ASCII where there is nothing else, and in colour only where it is wanted', () => {
    expect(treeOf(show('fine', { LC_ALL: 'C' }))).toEqual([
      '* ordered',
      '+ pay # ordered +t t',
      '|- + ship paid +t t',
      '| + look shipped +t t',
      '`- + audit paid +t t',
    ]);
    expect(show('fine', { ...UTF8, FORCE_COLOR: '1' })).toContain('\u001b[32m✔');
    expect(show('fine', { ...UTF8, FORCE_COLOR: '1', NO_COLOR: '1' })).not.toContain('\u001b');
  });

  it('says why something has failed, and what a run in the middle of it has left', () => {
    project.engram(['run', 'orders.ts', '--id', 'sad', '--payload', payloadOf('throws')]);
    expect(treeOf(show('sad'))).toContain('├─ ✖ ship paid +t t no ship; in port');
    project.engram(['run', 'orders.ts', '--id', 'hung', '--payload', payloadOf('hangs')]);
    expect(treeOf(show('hung'))).toEqual([
      '● ordered',
      '✔ pay ⬢ ordered +t t',
      '├─ ○ ship paid starts when resumed',
      '└─ ○ audit paid starts when resumed',
    ]);
  });

  it('draws what waits: for a signal, a time, the next attempt, the rest of a join', () => {
    for (const id of ['both', 'delay', 'retry']) {
      project.engram(['run', 'waits.ts', '--id', id, '--payload', JSON.stringify(id)]);
    }
    const withoutTimes = (id: string) => treeOf(show(id)).map((line) => line.replace(/\d{4}-.*Z$/, '<time>'));
    expect(withoutTimes('both')).toEqual([
      '● go',
      '✔ first go +t t',
      '├─ ◷ both half waits in a join for the others',
      '├─ ◷ both half waits in a join for the others',
      '└─ ◷ first waits for a',
    ]);
    expect(withoutTimes('delay').at(-1)).toBe('◷ idle later starts at <time>');
    expect(withoutTimes('retry').at(-1)).toBe('◷ retried failing attempt 2 at <time>');
  });

  it('says where a run was taken up again, what came from outside, and what was undone', () => {
    const pay = (id: string, more: object = {}) =>
      project.engram([
        'run',
        ORDER,
        '--id',
        id,
        '--payload',
        JSON.stringify({ order: id, amount: 2500, ledger: 'l', ...more }),
      ]);
    pay('o1');
    project.engram(['signal', ORDER, 'o1', 'approved', '--payload', '{"by":"Ann"}', '--delivery-id', 'mail-1']);
    expect(treeOf(show('o1'))).toEqual([
      '● placeOrder',
      '✔ accept placeOrder +t t',
      '✔ reserve ⬢ accepted +t t',
      '✔ approve reserved +t t',
      expect.stringMatching(/^↻ resumed \+t from checkpoint 4, attempt 2$/),
      '✔ approve +t waited t',
      '● approved, from outside (mail-1)',
      '✔ approve approved +t t',
      '✔ charge ⬢ cleared +t t',
      '✔ ship charged +t t → shipped',
    ]);
    pay('o2', { amount: 20, strike: true });
    expect(treeOf(show('o2'))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^↶ reserve ⬢ accepted \+t t undone \+/),
        expect.stringMatching(/^↶ charge ⬢ cleared \+t t undone \+/),
        expect.stringMatching(/^✖ ship charged \+t t nobody carries order o2$/),
      ]),
    );
  });

  it('says that who holds a run is gone, or that the run goes on', async () => {
    const running = new RunningCommand(project.dir, [
      'run',
      'orders.ts',
      '--id',
      'killed',
      '--payload',
      payloadOf('waits'),
    ]);
    await running.until(/shipping/);
    expect(treeOf(show('killed')).at(-1)).toMatch(/^└─ [⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] audit paid .*running$/);
    running.kill('SIGKILL');
    await running.ended;
    expect(show('killed')).toMatch(/\n {2}owner +pid \d+ on .*, which is gone\n/);
    expect(treeOf(show('killed')).at(-1)).toBe('└─ ○ audit paid starts when resumed');
  });

  it('folds what is alike and what is long, and shows what failed', () => {
    project.engram(['run', 'shapes.ts', '--id', 'shapes', '--payload', '2000']);
    const tree = treeOf(show('shapes'));
    expect(tree.length).toBeLessThan(60);
    expect(tree).toContain('├─ ⋮ and 1,996 more check: 1,996 done');
    expect(tree.filter((line) => line.startsWith('├─ ✖ check item'))).toHaveLength(1);
    expect(tree.filter((line) => line.startsWith('├─ ✔ check item'))).toHaveLength(3);
    // the chain goes on in its column, with the branches beside it
    expect(tree.filter((line) => /^├─ ✔ beside side/.test(line))).toHaveLength(4);
    expect(tree.filter((line) => /^✔ step next/.test(line)).length).toBeGreaterThan(8);
    expect(tree.some((line) => /^⋮ and \d+ more step: \d+ done$/.test(line))).toBe(true);
    expect(tree.at(-1)).toBe('✔ step next +t t → last');
  });

  it('with --events shows tables with the ids, as many as are asked for, and no tree', () => {
    const text = show('fine', UTF8, '--events', '2');
    expect(text).toMatch(/\n {2}last 2 of 4 events\n {2}activation +settled/);
    expect(text).not.toContain('●');
    expect(show('hung', UTF8, '--events', '0')).toMatch(/\n {2}pending \(2\)\n/);
  });
});

describe.skipIf(!hasScript)('on a terminal (needs the script command of util-linux)', () => {
  it.each([40, 60, 80, 132])('nothing is wider than %d columns', async (columns) => {
    const size = { columns, rows: 90 };
    const terminal = new PseudoTerminal(project.dir, ['show', 'shapes'], size);
    expect(await terminal.ended()).toBe(0);
    for (const { wrapped } of await framesOf(terminal.bytes, size)) expect(wrapped).toBe(0);
    expect(terminal.picture.filter((row) => widthOf(row) > columns)).toEqual([]);
    const error = terminal.picture.find((row) => row.includes('the thousandth'));
    expect(error).toMatch(columns < 132 ? /…$/ : /the thousandth is not as it should be/);
  });
});
