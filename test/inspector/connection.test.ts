import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CNS, collateral, expect as awaits, InvalidArgumentError, neuron, type Clock, type CNSOptions } from 'engram';
import { createInspectorServer } from '@statelyai/inspect/server';
import { statelyInspector } from 'engram/inspector';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { childProcess, freePort } from './child.js';
import { Listener, messagesFrom } from './listener.js';

const go = collateral<number | string>('go');
const next = collateral<number | string>('next');
const more = collateral<number | string>('more');
const out = collateral<number>('out');

/** Waits for `more` until it is 0; does something each time. */
function flow(options: CNSOptions) {
  const count = neuron('count', { next, out })
    .dendrite({
      collateral: [go, more],
      response: (n, axon) =>
        n === 0 ? axon.out.createSignal(n) : [axon.next.createSignal(n), awaits(more, { within: '1h' })],
    })
    .expects(more);
  const see = neuron('see', {}).dendrite({ collateral: next, response: () => undefined });
  return new CNS([count, see], { name: 'counting', ...options });
}

const program = new URL('short.child.ts', import.meta.url);
const child = (args: readonly string[], then?: Promise<void>) => childProcess(program, args, [], then);

describe('a connection that is lost', () => {
  it('is made again, and the definitions and the newest snapshots come before what has happened meanwhile', async () => {
    const logger = recordingLogger();
    const first = await Listener.open();
    const inspect = statelyInspector({ url: first.url, logger });
    const cns = flow({ inspect });
    const ended = cns.stimulate(go.createSignal(1), { id: 'done' });
    await ended.signal(more.createSignal(0));
    await ended;
    const run = cns.stimulate(go.createSignal(7), { id: 'r', output: out });
    await first.until(() => first.snapshotsOf('r/count').some(({ value }) => value === 'waiting'));
    const { port } = first;
    await first.close();
    await expect.poll(() => logger.warnings).toHaveLength(1);
    await run.signal(more.createSignal(8));
    expect(first.text).not.toContain('"payload":8');

    const second = await Listener.open(port);
    await second.until(() => second.story.length > 0);
    await run.signal(more.createSignal(0));
    await run;
    expect(await second.end('r')).toMatchObject({ value: 'completed', output: 0 });
    expect(second.messages.slice(0, 6)).toEqual(second.actors);
    expect(second.actors.map(({ sessionId }) => sessionId)).toEqual([
      ...['done', 'done/count', 'done/see'],
      ...['r', 'r/count', 'r/see'],
    ]);
    expect(second.actors.map(({ definition }) => definition)).toEqual(
      [...first.actors.slice(0, 3), ...first.actors.slice(0, 3)].map(({ definition }) => definition),
    );
    expect(second.actors[0]?.snapshot).toMatchObject({ status: 'done', value: 'completed' });
    expect(second.actors[3]?.snapshot).toMatchObject({ value: { running: { count: 'waiting' } } });
    expect(second.story).toEqual([
      'outside → count: more',
      'count → see: next',
      'count → run: count:responded',
      'see → run: see:responded',
      'outside → count: more',
      'count → run: out',
    ]);
    expect(logger.warnings).toEqual([
      `the inspector has gone from ws://localhost:${port}: runs go on, and are shown when one is there`,
    ]);
    await inspect.close();
    await second.close();
  });
});

describe('while nobody listens', () => {
  it('a run is what it is without an inspector, it is said once, and less and less often is it tried', async () => {
    const manual = new ManualClock();
    const waits: number[] = [];
    const after: Clock['after'] = (ms, callback) => {
      waits.push(ms);
      return manual.after(ms, callback);
    };
    const { now, monotonic, id } = manual;
    const clock: Clock = { now, monotonic, id, after, random: manual.random };
    const logger = recordingLogger();
    const url = `ws://localhost:${await freePort()}/?token=hidden`;
    const inspect = statelyInspector({ url, clock });
    const play = async (options: CNSOptions) => {
      const run = flow({ ...options, logger }).stimulate(go.createSignal(1), { id: 'r', output: out });
      await run.signal(more.createSignal(2));
      await run.signal(more.createSignal(0));
      return run;
    };
    const result = await play({ inspect });
    expect(result).toEqual(await play({}));
    for (let attempt = 1; attempt <= 7; attempt++) {
      await expect.poll(() => waits.length).toBe(attempt);
      await manual.pass(waits.at(-1) as number);
    }
    await expect.poll(() => waits.length).toBe(8);
    expect(waits).toEqual([187.5, 375, 750, 1500, 3000, 3750, 3750, 3750]);
    expect(logger.warnings).toHaveLength(1);
    expect(logger.warnings[0]).toMatch(/^no inspector listens at ws:\/\/localhost:\d+ \(ECONNREFUSED\): runs go on/);
    expect(logger.errors).toEqual([]);
    await inspect.close();
  });

  it('memory is bounded: the oldest lines are dropped, and who comes later is told how many', async () => {
    const port = await freePort();
    const logger = recordingLogger();
    const inspect = statelyInspector({ url: `ws://localhost:${port}`, logger });
    const cns = flow({ inspect });
    const run = cns.stimulate(go.createSignal(1), { id: 'r' });
    await expect.poll(() => logger.warnings).toHaveLength(1);
    for (let n = 1; n <= 1000; n++) await run.signal(more.createSignal(n));
    const others = Array.from({ length: 150 }, (_, n) => cns.stimulate(go.createSignal(0), { id: `short-${n}` }));
    await Promise.all(others);
    const listener = await Listener.open(port);
    await listener.until(() => listener.snapshotsOf('short-149').length === 2);
    expect(listener.story).toHaveLength(1 + 2000 - 2 * 50);
    expect(listener.messages[0]).toMatchObject({ type: '@xstate.actor', sessionId: 'r' });
    const runs = listener.actors.filter(({ parentId }) => parentId === undefined).map(({ sessionId }) => sessionId);
    expect(runs).toEqual(['r', ...Array.from({ length: 100 }, (_, n) => `short-${n + 50}`)]);
    expect(listener.events[0]).toMatchObject({ from: 'outside', to: 'run', event: { type: 'engram.dropped' } });
    const told = 4 + 4 * 1000 + 2 * 150;
    expect(listener.events[0]?.event['lines']).toBe(told - 2000);
    await inspect.close();
    await listener.close();
  });

  it('a process that has nothing else to do ends by itself, with or without close()', async () => {
    const url = `ws://localhost:${await freePort()}`;
    for (const how of ['leave', 'close']) {
      const { code, stdout, stderr } = await child([url, how]);
      expect([code, stdout]).toEqual([0, 'completed 3\n']);
      expect(stderr.match(/no inspector listens/g) ?? []).toHaveLength(1);
    }
  });

  it('a server that accepts and never answers holds no process for long, and close() not longer', async () => {
    const server: Server = createServer(() => undefined).listen(0);
    await once(server, 'listening');
    const url = `ws://localhost:${(server.address() as AddressInfo).port}`;
    for (const how of ['leave', 'close']) expect((await child([url, how])).stdout).toBe('completed 3\n');
    server.close();
  });
});

describe('close()', () => {
  afterEach(() => vi.useRealTimers());

  it('waits by the clock of the system, whatever clock the inspector was given', async () => {
    const silent = createServer(() => undefined).listen(0);
    await once(silent, 'listening');
    const clock = new ManualClock();
    const inspect = statelyInspector({ url: `ws://localhost:${(silent.address() as AddressInfo).port}`, clock });
    await flow({ inspect }).stimulate(go.createSignal(0));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const closed = inspect.close();
    expect([vi.getTimerCount(), clock.timers]).toEqual([1, 0]);
    vi.advanceTimersByTime(2_000);
    await closed;
    silent.close();
  });
});

describe('while somebody listens', () => {
  it('a process ends by itself, and close() sees to it that all of it has come', async () => {
    const listener = await Listener.open();
    const { code, stdout, stderr } = await child([listener.url, 'close']);
    expect([code, stdout, stderr]).toEqual([0, 'completed 3\n', '']);
    expect(await listener.end('short')).toMatchObject({ value: 'completed', output: 3 });
    await listener.until(() => listener.gone === 1);
    listener.messages.length = 0;
    // connected, and with nothing else to do
    const lingering = await child(
      [listener.url, 'linger'],
      listener.end('short').then(() => undefined),
    );
    expect(lingering).toEqual({ code: 0, stdout: 'completed 3\n', stderr: '' });
    await listener.close();
  });

  it('who does not read holds nothing up, gets what there is room for when it reads again, and learns what it missed', async () => {
    const listener = await Listener.open();
    const inspect = statelyInspector({ url: listener.url });
    const run = flow({ inspect }).stimulate(go.createSignal('x'), { id: 'r', output: out });
    await listener.until(() => listener.story.length === 4);
    listener.pause();
    const signals = 5000;
    for (let n = 1; n <= signals; n++) await run.signal(more.createSignal(`${n} ${'z'.repeat(4000)}`));
    await run.signal(more.createSignal(0));
    await run;
    listener.resume();
    await listener.end('r');
    const dropped = listener.events.filter(({ event }) => event.type === 'engram.dropped');
    const missed = dropped.reduce((sum, { event }) => sum + Number(event['lines']), 0);
    expect(missed).toBeGreaterThan(0);
    expect(listener.story.length - dropped.length + missed).toBe(4 + 4 * signals + 2);
    expect(listener.story.at(-1)).toBe('count → run: out');
    await inspect.close();
    await inspect.close();
    await listener.close();
  });

  it('one inspector shows the runs of several CNSs, and nothing after it was closed', async () => {
    const listener = await Listener.open();
    const inspect = statelyInspector({ url: listener.url });
    const [a, b] = [flow({ inspect, name: 'a' }), flow({ inspect, name: 'b' })];
    await Promise.all([a.stimulate(go.createSignal(0), { id: 'one' }), b.stimulate(go.createSignal(0), { id: 'two' })]);
    await inspect.close();
    await listener.end('one');
    await listener.end('two');
    expect(listener.came).toBe(2);
    expect((await a.stimulate(go.createSignal(0), { id: 'afterwards' })).status).toBe('completed');
    await quiet();
    expect(listener.text).not.toContain('afterwards');
    await listener.close();
  });

  it('the server of the package hands everything on to a browser that comes later, the definitions first', async () => {
    const port = await freePort();
    const server = createInspectorServer({ port, autoOpen: false });
    const inspect = statelyInspector({ url: `ws://localhost:${port}` });
    await flow({ inspect }).stimulate(go.createSignal(0), { id: 'r', output: out });
    await inspect.close();
    const messages = await messagesFrom(`ws://localhost:${port}`, 8);
    expect(messages.map(({ type, sessionId }) => `${type} ${sessionId}`)).toEqual([
      ...['@xstate.actor r', '@xstate.actor r/count', '@xstate.actor r/see'],
      ...['@xstate.event r/count', '@xstate.event r'],
      ...['@xstate.snapshot r/count', '@xstate.snapshot r/see', '@xstate.snapshot r'],
    ]);
    server.stop();
  });

  it('close() before any run connects to nobody', async () => {
    const server = createServer().listen(0);
    await once(server, 'listening');
    const inspect = statelyInspector({ url: `ws://localhost:${(server.address() as AddressInfo).port}` });
    await inspect.close();
    const probe = connect((server.address() as AddressInfo).port);
    const [socket] = (await once(server, 'connection')) as [{ remotePort: number }];
    expect(socket.remotePort).toBe(probe.localPort);
    probe.destroy();
    server.close();
  });
});

describe('what is wrong is said at once', () => {
  it.each([
    ['http://localhost:8080', '"http://localhost:8080"'],
    ['localhost:8080', '"localhost:…"'],
    ['', '""'],
    ['ws://localhost:8080/#run', '"ws://localhost:8080#…"'],
    ['https://me:pass@host/live?token=TOP', '"https://host/live"'],
    ['me:pass@host/?token=TOP', '"me:…"'],
    ['ws://me:pass@:80:80/', 'a text of 20 characters that is no URL'],
    [8080, '8080'],
    [new URL('https://me:pass@host/?token=TOP'), 'of type object'],
  ])('the url %s is refused, and no more is said of it than %s', async (url, told) => {
    const error = await caught(() => statelyInspector({ url: url as string }));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error).toMatchObject({
      message: `statelyInspector: url is not the address of a WebSocket: ${told}`,
      hint: expect.stringContaining("'ws://localhost:8080'"),
    });
  });

  it('the package @statelyai/inspect is asked for by name where it is not installed', async () => {
    const { stdout } = await child(['ws://localhost:1', 'missing']);
    expect(stdout).toBe(
      'InvalidArgumentError: statelyInspector needs the package "@statelyai/inspect": not installed (npm install --save-dev @statelyai/inspect)\n',
    );
  });

  it('a package that is found and not whole ends no process, is told of once, and costs nothing from then on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'engram-inspector-'));
    const files = {
      '@statelyai/inspect/package.json': '{ "type": "module", "main": "index.js" }',
      '@statelyai/inspect/index.js': "import WebSocket from 'partner';\nexport const createInspector = WebSocket;\n",
      'partner/package.json': '{ "main": "index.js" }',
      'partner/index.js': "module.exports = require('ws');\n",
    };
    for (const [name, text] of Object.entries(files)) {
      const file = join(folder, 'node_modules', name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    const path = join(folder, 'node_modules/@statelyai/inspect/index.js');
    const { code, stdout, stderr } = await child(['ws://localhost:1', 'broken', path]);
    await rm(folder, { recursive: true });
    expect(stderr).toMatch(/^runs are not shown in an inspector: .*Cannot find module 'ws'.*install it anew.*\n$/);
    expect([code, stdout]).toEqual([0, 'completed true\ncompleted 0\n']);
  });
});
