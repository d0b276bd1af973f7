// Rule: one command shows the paths of a flow, what it cannot reach, and which neuron a crash does harm to.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project, root } from './engram-cli.js';

const FIRST = join(root, 'machines/flows/first.ts');
const ORDER = join(root, 'machines/flows/order.ts');
const order = (amount: number) => ['--payload', JSON.stringify({ order: 'o-1', amount, ledger: 'ledger' })];

/** What stands outside, and a counter in a module that the flow imports. */
const BANK = `
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
let calls = 0;
export const count = () => (calls += 1);
export const enter = (line) => appendFileSync('book', line + '\\n');
export const book = () => (existsSync('book') ? readFileSync('book', 'utf8').trim().split('\\n') : []);
export const clean = () => rmSync('book', { force: true });
`;

const PAYS = `
import { CNS, collateral, neuron } from 'engram';
import { book, clean, enter } from './lib/bank.js';

const ordered = collateral<{ order: string }>('ordered');
const paid = collateral<{ order: string; nonce: number }>('paid');
const lucky = collateral<{ order: string }>('lucky');
const sent: string[] = [];

const pay = neuron('pay', { paid }).milestone()
  .dendrite({
    collateral: ordered,
    response: async ({ order }, axon) => {
      console.log('paying');
      enter(order);
      return axon.paid.createSignal({ order, nonce: 1 });
    },
  });
const tip = neuron('tip', { paid })
  .dendrite({ collateral: lucky, response: ({ order }, axon) => axon.paid.createSignal({ order, nonce: Math.random() }) });
const ship = neuron('ship', {}).dendrite({ collateral: paid, response: ({ order }) => void sent.push(order) });

export const entry = { ordered, lucky };
export const createCns = (host: object) => new CNS([pay, tip, ship], { name: 'pays', redact: ['nonce'], ...host });
`;

const COUNTS = `
import { CNS, collateral, expect, neuron } from 'engram';
import { count } from './lib/bank.js';

const go = collateral('go');
const ok = collateral('ok');
const done = collateral('done');
const lost = collateral('lost');
const ask = neuron('ask', { done }).expects(ok)
  .dendrite({ collateral: go, response: () => (count(), expect(ok)) })
  .dendrite({ collateral: ok, response: (_payload, axon) => axon.done.createSignal(count()) });
const dead = neuron('dead', {}).dendrite({ collateral: lost, response: () => undefined });

export const createCns = (host) => new CNS([ask, dead], { name: 'counts', ...host });
export const entry = go;
export const prove = { pairs: 0, reset: () => undefined };
`;

let project: Project;
beforeAll(() => {
  project = new Project({
    'pays.ts': `${PAYS}export const prove = { effects: book, reset: clean, pairs: 5 };`,
    'in-memory.ts': `${PAYS}export const prove = { effects: () => sent, pairs: 0 };`,
    'misspelt.ts': `${PAYS}export const prove = { effect: book };`,
    'throws.ts': `${PAYS}export const prove = { reset: () => { throw new Error('no book'); } };`,
    'counts.mjs': COUNTS,
  }).install('engram', 'zod');
  mkdirSync(join(project.dir, 'lib'));
  project.write('lib/package.json', '{ "type": "module" }');
  project.write('lib/bank.js', BANK);
});
afterAll(() => project.remove());

describe('engram prove', () => {
  it('proves the first flow in an empty directory, its own death included', () => {
    const empty = new Project();
    const { code, stdout, stderr } = empty.engram(['prove', FIRST, '--payload', '"."', '--pairs', '5']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('entered by scan\n\n4 paths\n  scan → counted → report\n');
    expect(stdout).toMatch(/\n {2}neurons +100 % +2 of 2\n/);
    expect(stdout).toMatch(/\n {2}survives a crash anywhere: killed at \d+ points in \d+ runs/);
    expect(stdout).toMatch(/\n {2}what it does outside was really done, in \d+ runs\n$/);
    expect(readdirSync(empty.dir)).toEqual(['report.txt']);
    empty.remove();
  });

  it('says how the run ends when nobody answers, and what would prove more', () => {
    const { code, stdout } = project.engram(['prove', ORDER, ...order(5000), '--pairs', '0']);
    expect(code).toBe(0);
    expect(stdout).toContain('the run ends failed: expire: nobody has approved order o-1 within 7d');
    expect(stdout).toContain('not on its way: charge, ship; prove them with another payload or answer');
    expect(stdout).toContain("it may wait for approved: --answer 'approved=<json>' proves that way too");
    expect(stdout).toMatch(/\n {2}and \d+ more\n/);
  });

  it('sends the answers that it is given', () => {
    const answer = ['--answer', 'approved={"by":"ann"}', '--pairs', '0'];
    const { code, document } = project.json(['prove', ORDER, ...order(5000), ...answer]);
    expect({ code, ok: document.ok, end: document.end.status }).toEqual({ code: 0, ok: true, end: 'completed' });
    expect(document).toMatchObject({ entry: 'placeOrder', problems: [], unproven: ['expire'], unsent: [] });
    expect(document.points).toContain('charge 1, after');
    expect(document.coverage.neurons).toMatchObject({ missed: [], total: 6 });
    expect(readFileSync(join(project.dir, 'ledger/ledger.jsonl'), 'utf8')).toContain('"approvedBy":"ann"');
  });

  it('names the neuron that does something outside twice, and the crash that shows it', () => {
    const args = ['prove', 'pays.ts', '--entry', 'ordered', '--payload', '{"order":"o-1"}'];
    const { code, stdout, stderr } = project.engram(args);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/✗ not-idempotent: pay leaves something else outside when it runs again: effects/);
    expect(stdout).not.toContain('paying');
    const [, at = ''] = /the first one again: engram prove .* --at '([^']+)'\n/.exec(stdout) ?? [];
    const { document } = project.json([...args, '--at', at]);
    expect(document.points).toEqual([at]);
    expect(document.problems).toMatchObject([{ kind: 'not-idempotent', neuron: 'pay', at: [at] }]);
  });

  it('names the neuron that reads randomness, and shows nothing that the flow redacts', () => {
    const args = ['prove', 'pays.ts', '--entry', 'lucky', '--payload', '{"order":"o-1"}', '--pairs', '0'];
    const { code, document } = project.json(args);
    expect(code).toBe(1);
    expect(document.problems).toMatchObject([{ kind: 'not-repeatable', neuron: 'tip' }]);
    expect(document.problems[0].message).toContain("payload.nonce is '[redacted]' and not '[redacted]'");
    expect(document.problems[0].message).toContain('reads randomness past the clock');
  });

  it('lets what a module keeps die with its process, that of one imported by a .js flow too', () => {
    const { code, stdout } = project.engram(['prove', 'counts.mjs', '--answer', 'ok', '--store', 'file:proofs']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ not-repeatable: ask answers otherwise .*payload is 1 and not 2/);
    expect(stdout).toMatch(/dead neuron: dead: nobody emits "lost"/);
    expect(readdirSync(join(project.dir, 'proofs'))).toEqual([]);
  });

  it('tells of effects that can never be seen', () => {
    const { stdout } = project.engram(['prove', 'in-memory.ts', '--entry', 'ordered', '--payload', '{"order":"o"}']);
    expect(stdout).toContain('prove.effects saw nothing change: what a module keeps in memory dies with its process');
  });
});

describe('a mistake is one line', () => {
  const counts = ['counts.mjs', '--answer', 'ok'];
  it.each([
    ['a flow that is not there', ['none.ts'], 'there is no file none.ts', 'give the path of'],
    ['several entries', ['pays.ts'], 'pays.ts has several entries', 'choose one with --entry: ordered, lucky'],
    ['a payload that its schema refuses', [ORDER, ...order(-1)], /^the payload of "placeOrder" does not fit/, ''],
    ['no answer', ['counts.mjs'], 'the run waits for ok, which nobody sends', `send it with --answer 'ok=<json>'`],
    ['an unknown answer', ['counts.mjs', '--answer', 'no=1'], 'the graph has no collateral "no"', 'it has "done"'],
    [
      'an answer nobody waits for',
      ['counts.mjs', '--answer', 'done=1'],
      '--answer: no neuron waits for "done"',
      'they wait for "ok"',
    ],
    ['an answer that is no JSON', ['counts.mjs', '--answer', 'ok={'], /^the payload of --answer ok is not JSON/, ''],
    ['a crash that is no point', [...counts, '--at', 'save'], '--at: "save" is no point', `--at 'save 3, before'`],
    [
      'a crash that never comes',
      [...counts, '--at', 'ask 9, after'],
      '--at: the run never comes to "ask 9, after"',
      'the nearest that it comes to: ask 2, after; ask 1, after',
    ],
    ['an option of the module that is none', ['misspelt.ts'], 'misspelt.ts: prove has no option "effect"', '"effects"'],
    [
      'what the module cannot reset',
      ['throws.ts', '--entry', 'ordered', '--payload', '{"order":"o"}'],
      'throws.ts: prove.reset threw: no book',
      'mend it',
    ],
    ['a store that is none', ['counts.mjs', '--store', 'x'], '"x" is no store', ''],
  ])('%s', (_what, args, told, next) => {
    const { code, stdout, stderr } = project.engram(['prove', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const [, message = '', hint] = /^engram: ([^\n]+) — ([^\n]+)\n$/.exec(stderr) ?? expect.fail(stderr);
    expect(message).toMatch(told);
    expect(hint).toContain(next);
  });
});
