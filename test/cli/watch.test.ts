/**
 * Rule: `engram watch` tells what happens to a run, wherever it goes on, and its picture never flickers. Real processes,
 * a real SIGKILL, a real store, a real pseudo terminal; nothing sleeps.
 */
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { fileStore } from '../../adapters/file.js';
import { Output } from '../../src/cli/output.js';
import { LiveTree } from '../../src/cli/watch/live-tree.js';
import { Observer, type Sight } from '../../src/cli/watch/observer.js';
import { Pace } from '../../src/cli/watch/pace.js';
import { systemClock } from '../../src/clock/clock.js';
import { createCodec } from '../../src/durability/codec.js';
import type { Store } from '../../src/durability/store.js';
import { CorruptCheckpointError } from '../../src/errors/index.js';
import { main, Project, root } from './engram-cli.js';
import { ORDERS, payloadOf } from './orders-flow.js';
import { closeTerminals, flickerIn, type Frame, framesOf, hasScript, PseudoTerminal } from './pseudo-terminal.js';
import { RunningCommand } from './running-command.js';
import { WAITS } from './waits-flow.js';

const MOVIES = join(root, 'machines/flows/movies.ts');
const SCREEN = { columns: 80, rows: 24 };
/** A batch for each of the 3,201 films: it goes on for many times as long as it takes to see and to kill it. */
const payload = JSON.stringify({ out: 'out', batchSize: 1 });

let project: Project;
beforeAll(() => {
  project = new Project({ 'orders.ts': ORDERS, 'waits.ts': WAITS }).install('zod');
});
afterAll(() => {
  closeTerminals();
  project.remove();
});

/** Changes what is stored, beside the command line. */
async function deleteRun(id: string): Promise<void> {
  const store = fileStore({ dir: join(project.dir, '.engram') });
  expect(await store.delete(id)).toBe(true);
  await store.close();
}

/** Kills the film import in its middle, and resumes it in another process. */
async function killAndResume(
  id: string,
  seen: (told: RegExp) => Promise<void>,
  store: readonly string[] = [],
  inMiddle = /validateBatch/,
) {
  const first = new RunningCommand(project.dir, ['run', MOVIES, '--id', id, '--payload', payload, ...store]);
  await seen(inMiddle);
  first.kill('SIGKILL');
  expect((await first.ended).code).toBe(null); // it had not come to its end
  await seen(/stopped/);
  const second = new RunningCommand(project.dir, ['resume', MOVIES, id, ...store]);
  expect((await second.ended).code).toBe(0);
}

describe.skipIf(!hasScript)('engram watch on a terminal of 80 x 24 (needs the script command of util-linux)', () => {
  let frames: readonly Frame[];
  let code: number | null;
  let bytes: string;
  beforeAll(async () => {
    const terminal = new PseudoTerminal(project.dir, ['watch', 'films'], SCREEN);
    await terminal.until(/waiting until films is begun/);
    // so many that some are folded, before and after
    await killAndResume('films', (told) => terminal.until(told), [], /more validateBatch/);
    code = await terminal.ended();
    ({ bytes } = terminal);
    frames = await framesOf(bytes, SCREEN);
  });

  const textOf = ({ picture }: Frame) => picture.join('\n');
  const placeOf = (told: RegExp) => frames.findIndex((frame) => told.test(textOf(frame)));

  it('shows the film import running, killed, resumed and completed', () => {
    expect(code).toBe(0);
    const story = [
      /^ +◷ waiting until films is begun: it is not in file:\.engram yet$/m,
      /^films {2}running {2}movies, version 1$[^]*validateBatch ⬢[^]*running pid \d+ on /m,
      /✖ stopped: pid \d+ on .* is gone · [\d,]+ settled · 1 pending\n +engram resume <flow> films goes on from milestone/,
      /^ +↻ resumed \+.+ from checkpoint \d+, attempt 2: pid \d+ on /m,
      /^ +✔ completed in .* settled$/m,
    ].map(placeOf);
    expect(story).not.toContain(-1);
    expect(story).toEqual([...story].sort((a, b) => a - b));
  });

  it('leaves the whole story on the screen', () => {
    const last = (frames.at(-1) as Frame).picture.map((row) => row.replace(/\s+/g, ' ').trim());
    const at = (told: RegExp) => last.findIndex((row) => told.test(row));
    const order = [
      /^films completed movies, version 1$/,
      /^● importMovies$/,
      /^✔ openImport importMovies \+/,
      /^✔ validateBatch ⬢ nextBatch \+/,
      /^⋮ and [\d,]+ more validateBatch: [\d,]+ done$/,
      /^↻ resumed .+ attempt 2: pid \d+ on .*( had died|…)$/,
      /^├─ ✔ byGenre ⬢ allValidated \+/,
      /^├─ ✔ byDecade/,
      /^└─ ✔ boxOffice/,
      /^✔ joinReport rowsTallied \+ /,
      /^✔ writeReport reportJoined .* → reportWritten$/,
      /^✔ completed in/,
    ].map(at);
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it('never shows a row that is empty, torn, or neither of one frame nor of the next', () => {
    expect(frames.length).toBeGreaterThan(4); // one for each part of the story
    let before: Frame['picture'] = Array.from({ length: SCREEN.rows }, () => '');
    for (const [at, frame] of frames.entries()) {
      expect({ at, flicker: flickerIn(before, frame) }).toEqual({ at, flicker: [] });
      before = frame.picture;
    }
  });

  it('breaks no line and scrolls nothing away', () => {
    for (const { scrolled, wrapped, picture } of frames) {
      expect({ scrolled, wrapped }).toEqual({ scrolled: 0, wrapped: 0 });
      expect(picture.filter((row) => row.length >= SCREEN.columns)).toEqual([]);
    }
  });

  it('never clears the screen, stays on the normal one, marks its frames, and gives the cursor back', () => {
    const escape = '\u001b';
    expect(bytes).not.toContain(`${escape}[2J`);
    expect(bytes).not.toContain(`${escape}[?1049h`);
    expect(bytes.split(`${escape}[?2026h`)).toHaveLength(bytes.split(`${escape}[?2026l`).length);
    expect(bytes.lastIndexOf(`${escape}[?25h`)).toBeGreaterThan(bytes.lastIndexOf(`${escape}[?25l`));
  });
});

describe.skipIf(!hasScript)('engram watch on other terminals (needs the script command of util-linux)', () => {
  beforeAll(() => {
    project.engram(['run', MOVIES, '--id', 'done', '--payload', JSON.stringify({ out: 'out' })]);
    project.engram(['run', 'orders.ts', '--id', 'sad', '--payload', payloadOf('throws')]);
    project.engram(['run', 'waits.ts', '--id', 'both', '--payload', '"both"']);
  });

  it.each([
    [80, 12],
    [50, 24],
    [40, 8],
    [140, 50],
  ])('fits %d x %d', async (columns, rows) => {
    const size = { columns, rows };
    const terminal = new PseudoTerminal(project.dir, ['watch', 'done'], size);
    expect(await terminal.ended()).toBe(0);
    const frames = await framesOf(terminal.bytes, size);
    for (const { scrolled, wrapped } of frames) expect({ scrolled, wrapped }).toEqual({ scrolled: 0, wrapped: 0 });
    expect(terminal.picture[0]).toMatch(/^done {2}completed/);
    expect(terminal.picture.join('\n')).toContain('✔ completed in');
  });

  it('tells it in lines where 20 x 5 is no room for a picture', async () => {
    const terminal = new PseudoTerminal(project.dir, ['watch', 'done'], { columns: 20, rows: 5 });
    expect(await terminal.ended()).toBe(0);
    expect(terminal.bytes).not.toMatch(/\u001b\[(?!\d*m)/); // nothing but colours
    expect(terminal.bytes.split('\r\n').length).toBeLessThan(20);
    expect(terminal.picture.join('\n')).toContain('completed done');
  });

  it('lists in lines there too', async () => {
    const terminal = new PseudoTerminal(project.dir, ['watch'], { columns: 30, rows: 5 });
    await terminal.until(/sad failed/);
    terminal.type('\u0003');
    expect(await terminal.ended()).toBe(130);
    expect(terminal.bytes).not.toMatch(/\u001b\[(?!\d*m)/);
  });

  it('draws nothing more when the terminal gets too small for it', async () => {
    const terminal = new PseudoTerminal(project.dir, ['watch', 'both'], SCREEN);
    await terminal.until(/◷ waiting for a/);
    const drawn = terminal.bytes;
    terminal.resize({ columns: 30, rows: 5 });
    terminal.type('\u0003');
    expect(await terminal.ended()).toBe(130);
    expect(terminal.bytes.slice(drawn.length)).not.toContain('\u001b[?2026h');
    expect(terminal.bytes.endsWith('\u001b[?25h')).toBe(true);
  });

  it('says that a run is gone, and shows the next one of its id', async () => {
    project.engram(['run', 'waits.ts', '--id', 'reborn', '--payload', '"both"']);
    const terminal = new PseudoTerminal(project.dir, ['watch', 'reborn'], SCREEN);
    await terminal.until(/◷ waiting for a/);
    await deleteRun('reborn');
    await terminal.until(/^ +◷ waiting until reborn is begun again: it is not in file:\.engram any more$/m);
    project.engram(['run', 'waits.ts', '--id', 'reborn', '--payload', '"end"']);
    expect(await terminal.ended()).toBe(0);
    expect(terminal.picture.join('\n')).toMatch(/✔ completed in .* 1 settled/);
    expect(terminal.picture.join('\n')).not.toContain('join');
  });

  it('ends with the exit code 1 for a run that has failed, and shows why', async () => {
    const terminal = new PseudoTerminal(project.dir, ['watch', 'sad'], SCREEN);
    expect(await terminal.ended()).toBe(1);
    expect(terminal.picture.join('\n')).toMatch(/✖ ship +paid .*\bno ship; in port\n/);
    expect(terminal.picture.join('\n')).toContain('✖ failed after');
  });

  it('ends with 130 at ctrl-c, and leaves the picture', async () => {
    const terminal = new PseudoTerminal(project.dir, ['watch', 'both'], SCREEN);
    await terminal.until(/◷ waiting for a/);
    terminal.type('\u0003');
    expect(await terminal.ended()).toBe(130);
    expect(terminal.picture.join('\n')).toMatch(/both {2}waiting[^]*waits for a\n/);
  });

  it('is drawn anew, and whole, when the terminal gets another size', async () => {
    const terminal = new PseudoTerminal(project.dir, ['watch', 'both'], SCREEN);
    await terminal.until(/◷ waiting for a/);
    const [head = '', ...rest] = terminal.picture.filter((row) => row !== '');
    expect(rest.join('\n')).toContain('waits in a join for the others');
    terminal.resize({ columns: 44, rows: 24 });
    await terminal.until(/waits in a join[^\n]*…/);
    const narrow = terminal.picture.filter((row) => row !== '');
    expect(narrow.filter((row) => row.length >= 44)).toEqual([]);
    expect(narrow[0]).toBe(head);
    expect(narrow).toHaveLength(rest.length + 1);
    terminal.type('\u0003');
    expect(await terminal.ended()).toBe(130);
  });

  it('without an id lists what has not ended first, until ctrl-c', async () => {
    const terminal = new PseudoTerminal(project.dir, ['watch', '--store', 'file:.engram'], { columns: 60, rows: 12 });
    await terminal.until(/sad/);
    terminal.type('\u0003');
    expect(await terminal.ended()).toBe(130);
    const rows = terminal.picture;
    expect(rows[0]).toMatch(/^\d+ runs, 1 not ended in file:\.engram$/);
    expect(rows[2]).toMatch(/^id +status/);
    expect(rows[3]).toMatch(/^both +waiting/);
    const [{ wrapped, scrolled }] = (await framesOf(terminal.bytes, { columns: 60, rows: 12 })).slice(-1) as [Frame];
    expect({ wrapped, scrolled }).toEqual({ wrapped: 0, scrolled: 0 });
  });
});

describe('engram watch elsewhere than on a terminal', () => {
  it('tells of the kill and the resume in lines', async () => {
    const watching = new RunningCommand(project.dir, ['watch', 'piped']);
    await watching.until(/^waiting until piped is begun: it is not in file:\.engram yet\n/);
    await killAndResume('piped', async (told) => {
      await watching.until(told);
    });
    const { code, stdout } = await watching.ended;
    expect(code).toBe(0);
    const lines = stdout.split('\n').filter((line) => !line.startsWith('milestone '));
    expect(
      lines.map((line) => line.replace(/pid \d+ on [^ ]+/, '<pid>').replace(/checkpoint \d+/, 'checkpoint <n>')),
    ).toEqual([
      'waiting until piped is begun: it is not in file:.engram yet',
      'running piped: <pid>',
      'stopped piped: <pid> is gone — engram resume <flow> piped goes on from milestone validateBatch, checkpoint <n>',
      'resumed piped from checkpoint <n> (attempt 2)',
      'running piped: <pid>',
      'completed piped',
      '',
    ]);
    // which checkpoint holds it is not known: several may have come since the look before
    expect(stdout).toMatch(/\nmilestone validateBatch( ×[\d,]+)?\n/);
    expect(stdout).not.toContain('(seq ');
  });

  it('with --json prints a document in a line for each change, of a run on Redis too', async () => {
    const store = ['--store', inject('redisUrl')];
    const id = `films-${process.pid}-${Date.now()}`;
    const watching = new RunningCommand(project.dir, ['watch', id, '--json', ...store]);
    await watching.until(/"status":"missing"/);
    await killAndResume(
      id,
      (told) => watching.until(told.source === 'stopped' ? /"status":"stopped"/ : /"milestone":"validateBatch"/),
      store,
    );
    const { code, stdout } = await watching.ended;
    expect(code).toBe(0);
    const texts = stdout.trimEnd().split('\n');
    expect(texts.filter((text, at) => text === texts[at - 1])).toEqual([]);
    const documents = texts.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const statuses = documents.map(({ status }) => status);
    const changes = statuses.filter((status, at) => status !== statuses[at - 1]);
    expect(changes).toEqual(['missing', 'running', 'stopped', 'running', 'completed']);
    expect(documents.find(({ status }) => status === 'stopped')).toEqual({
      ...{ id, status: 'stopped', seq: expect.any(Number), attempt: 1, milestone: 'validateBatch' },
      ...{ savedAt: expect.any(Number), settled: expect.any(Number), pending: 1, failed: 0, damage: [] },
      owner: { label: expect.stringMatching(/^pid \d+ on /), until: expect.any(Number), isGone: true },
      why: expect.stringMatching(/ is gone$/),
      next: `engram resume <flow> ${id} --store ${inject('redisUrl')}`,
    });
    expect(documents.at(-1)).toMatchObject({ status: 'completed', attempt: 2, pending: 0, owner: null });
  });

  it('says that a run is gone, and tells of the next one of its id from its beginning', async () => {
    const run = (kind: string) => project.engram(['run', 'waits.ts', '--id', 'again', '--payload', `"${kind}"`]);
    run('both');
    const watching = new RunningCommand(project.dir, ['watch', 'again']);
    const list = new RunningCommand(project.dir, ['watch']);
    await watching.until(/^waiting again for a\n/);
    await list.until(/^again waiting/m);
    await deleteRun('again');
    await watching.until(/\nwaiting until again is begun again: it is not in file:\.engram any more\n/);
    await list.until(/^again is not in file:\.engram any more$/m);
    run('end');
    const { code, stdout } = await watching.ended;
    expect({ code, last: stdout.split('\n').at(-2) }).toEqual({ code: 0, last: 'completed again' });
    await list.until(/^again is not in file[^]*^again completed/m);
    list.kill('SIGINT');
    expect((await list.ended).code).toBe(130);
  });

  it.each([[['watch', 'unread']], [['watch']]])('%j ends when nobody reads it any more', async (args) => {
    const words = [process.execPath, main, ...args, '--json'].map((word) => `'${word}'`).join(' ');
    // nobody holds the end that is read when it says so
    const line = `{ ${words}; echo "code $?" >&2; } | { head -n 1; exec <&-; echo gone >&2; }`;
    if (args.length === 1) project.engram(['run', 'waits.ts', '--id', 'unread', '--payload', '"both"']);
    const shell = spawn('sh', ['-c', line], { cwd: project.dir, stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise((resolve) => shell.once('close', resolve));
    let told = '';
    await new Promise<void>((resolve) => {
      shell.stderr.setEncoding('utf8').on('data', (text: string) => {
        told += text;
        if (told.includes('gone')) resolve();
      });
    });
    const id = args.length === 1 ? 'listed' : 'unread';
    project.engram(['run', 'waits.ts', '--id', id, '--payload', '"both"']);
    await ended;
    expect(told).toBe('gone\ncode 0\n');
  });

  it('says what is damaged, once, and follows what is left', async () => {
    const other = new Project({ 'orders.ts': ORDERS }).install('zod');
    other.engram(['run', 'orders.ts', '--id', 'hurt', '--payload', payloadOf('hangs')]);
    const logs = join(other.dir, '.engram/logs');
    const log = join(logs, readdirSync(logs)[0] ?? '');
    const text = readFileSync(log, 'utf8');
    const at = text.lastIndexOf('paid#0');
    writeFileSync(log, `${text.slice(0, at)}PAID${text.slice(at + 4)}`);
    const plain = new RunningCommand(other.dir, ['watch', 'hurt']);
    await plain.until(/stopped hurt/);
    plain.kill('SIGINT');
    expect((await plain.ended).stdout).toMatch(/^damage hurt: [^\n]+ is damaged[^\n]*\nstopped hurt[^\n]*\n$/);
    const json = new RunningCommand(other.dir, ['watch', 'hurt', '--json']);
    await json.until(/\n/);
    json.kill('SIGINT');
    expect(JSON.parse((await json.ended).stdout)).toMatchObject({
      status: 'stopped',
      damage: [expect.stringContaining('is damaged')],
    });
    if (hasScript) {
      const terminal = new PseudoTerminal(other.dir, ['watch', 'hurt'], SCREEN);
      await terminal.until(/^ {2}damage: .* does not fit$/m);
      terminal.type('\u0003');
      await terminal.ended();
    }
    other.remove();
  });

  it.each([
    ['', 'the id is empty'],
    ['a'.repeat(256), 'the id has 256 characters'],
    ['a\nb', 'has control characters'],
  ])('refuses an id that no run can have', (id, problem) => {
    const { code, stdout, stderr } = project.engram(['watch', id]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^engram: the id [^\n]+ — give the id of a run[^\n]+\n$/);
    expect(stderr).toContain(problem);
  });

  it('refuses a store that nobody else can have', () => {
    const { code, stderr } = project.engram(['watch', 'a', '--store', 'memory:']);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('engram watch finds nothing in'),
    });
  });
});

describe('what engram watch is made of', () => {
  const opened = (): Store => fileStore({ dir: join(project.dir, '.engram') });
  const observerOf = (store: Store, id: string) =>
    new Observer(store, id, createCodec({ isForShow: true }), systemClock);
  const seenBy = async (observer: Observer): Promise<Sight> =>
    (await observer.look()).sight ?? expect.fail('there is no such run');

  it('tells a run from the one before of its id, also where it never saw that it was gone', async () => {
    const run = () => project.engram(['run', 'waits.ts', '--id', 'twin', '--payload', '"both"']);
    run();
    const store = opened();
    const observer = observerOf(store, 'twin');
    const first = await seenBy(observer);
    await deleteRun('twin');
    run();
    const second = await seenBy(observer);
    expect(second.run.envelope.seq).toBe(first.run.envelope.seq);
    expect(second.run.envelope.savedAt).toBeGreaterThan(first.run.envelope.savedAt);
    expect(second.life).toBeGreaterThan(first.life);
    expect(second.start).toBeGreaterThan(first.start);
    expect(second.events).toHaveLength(first.events.length);
    expect(second.events[0]?.settledAt).toBeGreaterThan(first.events[0]?.settledAt ?? Infinity);
    await store.close();
  });

  it('shows a run of which the events cannot be read', async () => {
    project.engram(['run', 'waits.ts', '--id', 'deaf', '--payload', '"end"']);
    const store = opened();
    const deaf = new Proxy(store, {
      get(target, key) {
        if (key === 'events') return () => Promise.reject(new CorruptCheckpointError('the log', 'it is cut off'));
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const { hasEnded, events, damage } = await seenBy(observerOf(deaf, 'deaf'));
    expect({ hasEnded, events }).toEqual({ hasEnded: true, events: [] });
    expect(damage).toEqual([expect.stringContaining('it is cut off')]);
    await store.close();
  });

  it('listens once for what ends it, however often it waits', async () => {
    let stop = (_: 'stopped'): void => undefined;
    const end = new Promise<'stopped'>((resolve) => (stop = resolve));
    const then = vi.spyOn(end, 'then');
    const after = (_: number, call: () => void) => systemClock.after(0, call);
    const pace = new Pace({ ...systemClock, after }, end);
    for (let wait = 0; wait < 100; wait++) expect(await pace.wait()).toBe(undefined);
    expect(then).toHaveBeenCalledTimes(1);
    stop('stopped');
    expect(await end.then(() => pace.wait())).toBe('stopped');
  });

  it('looks for the folding that fits only when there is something else to fold', async () => {
    project.engram(['run', MOVIES, '--id', 'folded', '--payload', JSON.stringify({ out: 'out' })]);
    const store = opened();
    const sight = await seenBy(observerOf(store, 'folded'));
    await store.close();
    let reads = 0;
    const tree = {
      ...sight.tree,
      get roots() {
        reads++;
        return sight.tree.roots;
      },
    };
    const stdout = Object.assign(new EventEmitter(), { isTTY: true, columns: 80, rows: 14, write: () => true });
    const streams = { stdout, stderr: new EventEmitter(), env: { TERM: 'xterm' } };
    const output = new Output(false, streams as unknown as ConstructorParameters<typeof Output>[1]);
    const place = { id: 'folded', store: 'file:.engram', flow: undefined, storeOption: '' };
    const live = new LiveTree(output, systemClock, place);
    const readsOf = (draw: () => void): number => {
      reads = 0;
      draw();
      return reads;
    };
    const searched = readsOf(() => live.show({ ...sight, tree }));
    const ticked = readsOf(() => stdout.emit('resize')); // to the size that it has
    expect(ticked).toBeLessThan(searched / 2);
    stdout.rows = 40;
    expect(readsOf(() => stdout.emit('resize'))).toBeGreaterThan(0);
    stdout.rows = 14;
    expect(readsOf(() => stdout.emit('resize'))).toBe(searched);
    live.end();
  });
});
