import { randomUUID } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { freePort } from '../support/redis-server.js';
import { Project, root } from './engram-cli.js';
import { RunningCommand } from './running-command.js';

/** Its work goes on for as long as there is no file `open`, whatever is asked of it. */
const SLOW = `
import { CNS, collateral, neuron } from 'engram';
import { existsSync } from 'node:fs';

const order = collateral<string>('order');
const half = collateral<string>('half');
const done = collateral<{ text: string; secret: string }>('done');
const first = neuron('first', { half })
  .milestone()
  .dendrite({ collateral: order, response: async (text, axon) => axon.half.createSignal(text) });
const second = neuron('second', { done }).dendrite({
  collateral: half,
  response: async (text, axon) => {
    while (!existsSync('open')) await new Promise((resolve) => setTimeout(resolve, 20));
    return axon.done.createSignal({ text, secret: 'hush' });
  },
});
export const createCns = (host: object) => new CNS([first, second], { name: 'slow', redact: ['secret'], ...host });
export const entry = order;
`;

let project: Project;
let store: readonly string[];
/** A queue that no other test has. */
let queue: string;
let here: readonly string[];
beforeAll(() => {
  project = new Project({ 'slow.ts': SLOW }).install('engram', 'zod');
  for (const name of ['order.ts', 'order']) {
    cpSync(join(root, 'machines/flows', name), join(project.dir, name), { recursive: true });
  }
  store = ['--store', inject('redisUrl')];
});
beforeEach(() => {
  queue = `q-${randomUUID()}`;
  here = ['--queue', queue, ...store];
});
afterAll(() => project.remove());

function start(...args: readonly string[]): RunningCommand {
  const command = new RunningCommand(project.dir, args);
  onTestFinished(async () => {
    command.kill('SIGKILL');
    await command.ended;
  });
  return command;
}

const order = (id: string, more: object = {}): string =>
  JSON.stringify({ order: 'A-1', amount: 20, ledger: `shop-${id}`, ...more });
const ledger = (id: string): string[] =>
  readFileSync(join(project.dir, `shop-${id}`, 'ledger.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { did: string }).did);
const withoutTimes = (text: string): string => text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, '<time>');

describe('engram worker', () => {
  it('takes what engram enqueue starts, lets go of what waits, and goes on with it when it is signalled', async () => {
    const [small, large, broken] = ['small', 'large', 'broken'].map((name) => `${name}-${randomUUID()}`) as [
      string,
      string,
      string,
    ];
    const worker = start('worker', 'order.ts', ...here);
    const waited = project.engram(['enqueue', 'order.ts', '--id', small, '--payload', order(small), '--wait', ...here]);
    expect(waited).toEqual({
      code: 0,
      stdout: `queued ${small} in "${queue}"\ncompleted ${small}, output { order: 'A-1' }\n`,
      stderr: '',
    });

    const payload = order(large, { amount: 2500 });
    expect(project.engram(['enqueue', 'order.ts', '--id', large, '--payload', payload, ...here])).toEqual({
      code: 0,
      stdout: `queued ${large} in "${queue}"\n  engram status ${large} ${here.join(' ')}\n`,
      stderr: '',
    });
    await worker.until(/^ {2}engram signal .*\n/m);
    const asked = withoutTimes(project.engram(['status', large, ...here]).stdout);
    expect(asked).toBe(`${large}  waiting
  milestone reserve
  settled   3 activations
  pending   1 activation
  due       <time>
`);

    const line = / {2}engram (signal .*)\n/.exec(worker.stdout)?.[1] ?? '';
    expect(line).toBe(`signal order.ts ${large} approved --payload '{"by":"…"}' ${here.join(' ')}`);
    const args = line.replaceAll("'", '').replace('…', 'Ann').split(' ');
    expect(project.engram([...args, '--delivery-id', 'd'])).toEqual({
      code: 0,
      stdout: `stored approved for ${large} (delivery id d)
taken by a worker of "${queue}"; to see how the run stands: engram status ${large} ${here.join(' ')}
`,
      stderr: '',
    });
    await worker.until(/^completed large/m);
    expect(ledger(large)).toEqual(['reserved', 'charged', 'shipped']);

    const failing = order(broken, { declines: 9 });
    const { code, document } = project.json([
      ...['enqueue', 'order.ts', '--id', broken, '--payload', failing, '--wait', ...here],
    ]);
    expect({ code, document }).toMatchObject({
      code: 1,
      document: { id: broken, status: 'failed', error: { hint: 'ask the customer for another card' } },
    });
    expect(document.error.message).toContain('the card of order A-1 was declined');

    worker.kill('SIGINT');
    const { code: exitCode, stdout, stderr } = await worker.ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr: '' });
    const told = stdout.split('\n').filter((text) => !text.includes(broken));
    expect(withoutTimes(told.join('\n'))).toBe(`taking runs from "${queue}" on ${inject('redisUrl')}, 10 at once
taken ${small}
completed ${small}, output { order: 'A-1' }
taken ${large}
waiting ${large} for approved until <time>
  engram ${line}
taken ${large}
completed ${large}, output { order: 'A-1' }
stopping; once more ends it at once
stopped
`);
    expect(stdout).toContain(`\nfailed ${broken}: run "${broken}" failed: neuron "charge" on "cleared": the card of`);
  });

  it('gives what it has to another worker at once when it is stopped with SIGTERM, and says so in lines of JSON', async () => {
    const id = `moved-${randomUUID()}`;
    const taking = ['worker', 'slow.ts', '--grace', '50ms', '--json', ...here];
    const first = start(...taking, '--trace', 'first.jsonl');
    expect(project.json(['enqueue', 'slow.ts', '--id', id, '--payload', '"x"', ...here])).toEqual({
      code: 0,
      document: { id, status: 'queued', queue, next: `engram status ${id} ${here.join(' ')}` },
    });
    await first.until(/"taken"/);
    const second = start(...taking, '--trace', 'second.jsonl');
    await second.until(/"ready"/);

    first.kill('SIGTERM');
    const { code, stdout } = await first.ended;
    expect({ code, events: eventsOf(stdout) }).toEqual({
      code: 143,
      events: [
        { event: 'ready', queue, store: inject('redisUrl'), concurrency: 10 },
        { event: 'taken', id, milestone: expect.toSatisfy((at) => at === null || at === 'first') },
        { event: 'stopping', signal: 'SIGTERM', runs: [id] },
        { event: 'stopped', signal: 'SIGTERM' },
      ],
    });
    await second.until(/"taken"/);
    project.write('open', '');
    await second.until(/"completed"/);
    // nobody had to wait for a lease to end
    expect(eventsOf(second.stdout).map(({ event }) => event)).toEqual(['ready', 'taken', 'completed']);
    const output = { text: 'x', secret: '[redacted]' };
    expect(eventsOf(second.stdout).at(-1)).toEqual({ event: 'completed', id, status: 'completed', output });
    expect([neuronsIn('first.jsonl'), neuronsIn('second.jsonl')]).toEqual([['first', 'second'], ['second']]);
  });
});

/** Without what only a machine that stands still for seconds has to tell: a lock that was not renewed in time. */
const eventsOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly event: string })
    .filter(({ event }) => event !== 'lost' && event !== 'refused');
const neuronsIn = (trace: string) =>
  readFileSync(join(project.dir, trace), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { neuron: string }).neuron);

it('a run that nobody has begun is shown as one, and may be aborted, by whoever takes it', () => {
  const id = `later-${randomUUID()}`;
  const queued = ['--id', id, '--payload', order(id), '--delay', '1h', '--priority', '3', ...here];
  expect(project.engram(['enqueue', 'order.ts', ...queued]).code).toBe(0);
  const shown = withoutTimes(project.engram(['show', id, ...store]).stdout);
  expect(shown).toContain(`${id}  queued\n  begun      by nobody; due <time>\n  graph      order, version 1\n`);
  expect(shown).not.toContain('owner');
  expect(project.json(['show', id, ...store]).document).toMatchObject({ status: 'queued', owner: null, pending: [] });
  expect(project.json(['abort', 'order.ts', id, '--delivery-id', 'a', ...here])).toEqual({
    code: 0,
    document: {
      id,
      abort: { deliveryId: 'a', compensate: false },
      status: 'stored',
      queue,
      next: `engram status ${id} ${here.join(' ')}`,
    },
  });
  expect(project.json(['show', id, ...store]).document).toMatchObject({ inbox: ['a'] });
});

describe('what goes wrong first', () => {
  it.each([
    [
      'a store without a queue',
      ['worker', 'order.ts', '--store', 'file:.engram'],
      'worker needs a queue, which is on a Redis server, and the store is "file:.engram"' +
        ' — give --store redis://localhost:6379, or set ENGRAM_STORE to it',
    ],
    [
      'no store at all',
      ['enqueue', 'order.ts', '--payload', '{}'],
      'enqueue needs a queue, which is on a Redis server, and the store is "file:.engram"' +
        ' — give --store redis://localhost:6379, or set ENGRAM_STORE to it',
    ],
    [
      'a flow that is not there',
      ['worker', 'odrer.ts', '--store', 'redis://localhost:6379'],
      'there is no file odrer.ts — give the path of a flow module, e.g. ./flow.ts',
    ],
    [
      'a payload that the flow does not take',
      ['enqueue', 'order.ts', '--payload', '{"order":"A-1","amount":"20","ledger":"shop"}', '--store', 'SERVER'],
      'the payload of "placeOrder" does not fit its schema: amount: Invalid input: expected number, received string' +
        ' — give a payload that the schema of "placeOrder" accepts',
    ],
    [
      'a server that is down',
      ['worker', 'order.ts', '--store', 'redis://127.0.0.1:PORT'],
      'redis://127.0.0.1:PORT: connect ECONNREFUSED 127.0.0.1:PORT' +
        ' — nothing listens there: start the server, or mend host and port of the URL',
    ],
  ])('%s is refused in one line that says what to do', async (_what, args, told) => {
    const port = String(await freePort());
    const given = args.map((word) => word.replace('SERVER', inject('redisUrl')).replace('PORT', port));
    expect(project.engram(given)).toEqual({
      code: 2,
      stdout: '',
      stderr: `engram: ${told.replaceAll('PORT', port)}\n`,
    });
  });
});
