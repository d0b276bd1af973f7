/**
 * Rule: `engram watch` tells what happens to a run, wherever it goes on, and its picture never flickers. Real processes,
 * a real SIGKILL, a real store, a real pseudo terminal; nothing sleeps.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Project, root } from './engram-cli.js';
import { ORDERS, payloadOf } from './orders-flow.js';
import { closeTerminals, flickerIn, type Frame, framesOf, hasScript, PseudoTerminal } from './pseudo-terminal.js';
import { RunningCommand } from './running-command.js';
import { WAITS } from './waits-flow.js';

const MOVIES = join(root, 'machines/flows/movies.ts');
const SCREEN = { columns: 80, rows: 24 };
/** Small batches, so that it can be killed in the middle. */
const payload = JSON.stringify({ out: 'out', batchSize: 2 });

let project: Project;
beforeAll(() => {
  project = new Project({ 'orders.ts': ORDERS, 'waits.ts': WAITS }).install('zod');
});
afterAll(() => {
  closeTerminals();
  project.remove();
});

/** Kills the film import in its middle, and resumes it in another process. */
async function killAndResume(id: string, seen: (told: RegExp) => Promise<void>, store: readonly string[] = []) {
  const first = new RunningCommand(project.dir, ['run', MOVIES, '--id', id, '--payload', payload, ...store]);
  await seen(/validateBatch/);
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
    await killAndResume('films', (told) => terminal.until(told));
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
      /^⋮ and \d+ more validateBatch: \d+ done$/,
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
    expect(frames.length).toBeGreaterThan(10);
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
    expect(stdout).toMatch(/\nmilestone validateBatch( ×\d+)? \(seq \d+\)\n/);
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
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const statuses = documents.map(({ status }) => status);
    const changes = statuses.filter((status, at) => status !== statuses[at - 1]);
    expect(changes).toEqual(['missing', 'running', 'stopped', 'running', 'completed']);
    expect(documents.find(({ status }) => status === 'stopped')).toEqual({
      ...{ id, status: 'stopped', seq: expect.any(Number), attempt: 1, milestone: 'validateBatch' },
      ...{ savedAt: expect.any(Number), settled: expect.any(Number), pending: 1, failed: 0 },
      owner: { label: expect.stringMatching(/^pid \d+ on /), until: expect.any(Number), isGone: true },
      why: expect.stringMatching(/ is gone$/),
      next: `engram resume <flow> ${id} --store ${inject('redisUrl')}`,
    });
    expect(documents.at(-1)).toMatchObject({ status: 'completed', attempt: 2, pending: 0, owner: null });
  });

  it('refuses a store that nobody else can have', () => {
    const { code, stderr } = project.engram(['watch', 'a', '--store', 'memory:']);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('engram watch finds nothing in'),
    });
  });
});
