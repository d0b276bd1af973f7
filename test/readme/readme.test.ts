// Rule: every snippet of the README is a file that runs, and what it says they print is what they print.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toMermaid } from 'engram/visualizations';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCns } from '../../machines/flows/first.js';
import { createCns as createOrders } from '../../machines/flows/order.js';
import { RunningCommand } from '../cli/running-command.js';
import { startRedis } from '../support/redis-server.js';
import { calls, run } from './features.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({ language, text }));
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

/** A project of a user, in which the package is installed. */
const project = mkdtempSync(join(tmpdir(), 'engram-readme-'));
mkdirSync(join(project, 'node_modules'));
symlinkSync(root, join(project, 'node_modules', 'engram'));
symlinkSync(join(root, 'node_modules', 'zod'), join(project, 'node_modules', 'zod'));
mkdirSync(join(project, 'photos'));
writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
for (const name of ['first.ts', 'order.ts', 'order']) {
  cpSync(join(root, 'machines/flows', name), join(project, name), { recursive: true });
}
const engram = (line: string, cwd = project, more: NodeJS.ProcessEnv = {}) => {
  const args = line.split(' ').map((word) => word.replaceAll("'", ''));
  const env = { ...process.env, ...more };
  return spawnSync(process.execPath, [join(root, 'dist/src/cli/main.js'), ...args], { cwd, env, encoding: 'utf8' });
};
/** As the README has it; the tests have a server of their own. */
const REDIS = 'redis://localhost:6379';

const withoutTimes = (text: string): string => text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, '<time>');
/** Columns are as wide as what stands in them. */
const withoutDurations = (text: string): string =>
  withoutTimes(text)
    .replace(/\d+(\.\d)? (ms|s|min)\b/g, '<time>')
    .replace(/ +/g, ' ');
/** As it would stand in one line. */
const flattened = (text: string): string => text.replace(/\s+/g, ' ');

afterAll(() => rmSync(project, { recursive: true, force: true }));

describe('the README', () => {
  it('shows its flows as they stand in the repository', () => {
    const shown = blocks.filter(({ language }) => language === 'ts').map(({ text }) => text ?? '');
    const order = shown[2] ?? '';
    const [proven, inspected, scaleOut] = ['proven.test', 'inspected', 'scale-out'].map((name) =>
      textOf(`test/readme/${name}.ts`).replaceAll('../../machines/flows/', './'),
    );
    const [first, inYourCode] = [textOf('machines/flows/first.ts'), textOf('test/readme/in-your-code.ts')];
    expect(shown).toEqual([first, inYourCode, order, proven, inspected, scaleOut]);
    expect(textOf('machines/flows/order.ts')).toContain(`\n\n${order}\n`);
    expect(order.split('\n').length).toBeGreaterThan(20);
  });

  it('shows what its first flow prints, killed and resumed', () => {
    const session = blocks.find(({ language, text }) => language === 'console' && text?.includes('Killed'))?.text ?? '';
    const commands = [...session.matchAll(/^\$ npx engram (.*)$/gm)].map(([, line]) => line ?? '');
    expect(commands).toHaveLength(2);
    let printed = '';
    for (const command of commands) {
      const { stdout, signal } = engram(command);
      printed += `$ npx engram ${command}\n${stdout}${signal === 'SIGKILL' ? 'Killed\n' : ''}`;
    }
    expect(printed).toBe(session);
    expect(readFileSync(join(project, 'report.txt'), 'utf8')).toBe('0 files\n');
  });

  it('shows what it proves of its first flow', () => {
    const session = blocks.find(({ text }) => text?.startsWith('$ npx engram prove'))?.text ?? '';
    const [, command = ''] = /^\$ npx engram (.*)$/m.exec(session) ?? [];
    expect(`$ npx engram ${command}\n${engram(command).stdout}`).toBe(session);
  });

  it('shows what an order prints that waits for a person, and what it leaves in the ledger', () => {
    const session =
      blocks.find(({ language, text }) => language === 'console' && text?.includes('order.ts'))?.text ?? '';
    const commands = [...session.matchAll(/^\$ npx engram (.*)$/gm)].map(([, line]) => line ?? '');
    expect(commands).toHaveLength(2);
    const printed = commands.map((command) => `$ npx engram ${command}\n${engram(command).stdout}`).join('');
    expect(withoutTimes(printed)).toBe(withoutTimes(session));
    const tree = blocks.find(({ text }) => text?.startsWith('$ npx engram show'))?.text ?? '';
    const shown = engram('show order-1').stdout;
    expect(withoutDurations(`$ npx engram show order-1\n${shown}`)).toBe(withoutDurations(tree));
    const ledger = readFileSync(join(project, 'shop/ledger.jsonl'), 'utf8').trimEnd().split('\n');
    expect(ledger.map((line) => (JSON.parse(line) as { did: string }).did)).toEqual(['reserved', 'charged', 'shipped']);
  });

  it('shows what workers and their clients print, in two terminals', async () => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const [worker = '', client = ''] = blocks
      .filter(({ language, text }) => language === 'console' && text?.includes(REDIS))
      .map(({ text }) => text ?? '');
    const shop = join(project, 'scaled');
    mkdirSync(shop);
    for (const name of ['order.ts', 'order']) cpSync(join(project, name), join(shop, name), { recursive: true });
    symlinkSync(join(project, 'node_modules'), join(shop, 'node_modules'));

    const [, line = ''] = /^\$ npx engram (.*)$/m.exec(worker) ?? [];
    const running = new RunningCommand(shop, line.replace(REDIS, server.url).split(' '));
    onTestFinished(() => running.kill('SIGKILL'));
    let printed = `$ export ENGRAM_STORE=${REDIS}\n`;
    for (const [, command = ''] of client.matchAll(/^\$ npx engram (.*)$/gm)) {
      if (command.startsWith('status')) await running.until(/^ {2}engram signal .*\n/m);
      printed += `$ npx engram ${command}\n${engram(command, shop, { ENGRAM_STORE: server.url }).stdout}`;
    }
    expect(withoutTimes(printed)).toBe(withoutTimes(client));
    await running.until(/^completed order-18.*\n/m);
    const told = `$ npx engram ${line}\n${running.stdout.replaceAll(server.url, REDIS)}`;
    expect(withoutTimes(told)).toBe(withoutTimes(worker));

    vi.stubEnv('REDIS_URL', server.url);
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const away = process.cwd();
    process.chdir(shop);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      log.mockRestore();
      process.chdir(away);
    });
    running.kill('SIGTERM'); // it would take the runs of the program as well
    await running.ended;
    await import('./scale-out.js');
    expect(log.mock.calls.map((words) => words.join(' '))).toEqual(['completed 0']);
    expect(textOf('test/readme/scale-out.ts')).toContain('// completed 0\n');
  });

  it('shows the pictures that the library draws, also of an order that waits', () => {
    const pictures = blocks.filter(({ language }) => language === 'mermaid').map(({ text }) => text);
    const session = blocks.find(({ text }) => text?.startsWith('$ npx engram graph'))?.text ?? '';
    const run = blocks.flatMap(({ text }) => /^\$ npx engram (run order\.ts .*)$/m.exec(text ?? '')?.[1] ?? [])[0];
    const store = { ENGRAM_STORE: 'file:pictures' };
    expect(engram(run ?? '', project, store).stdout).toContain('waiting order-1');
    const [toFile, toScreen] = [...session.matchAll(/^\$ npx engram (.*)$/gm)].map(([, line]) => line ?? '');
    expect(`$ npx engram ${toFile}\n${engram(toFile ?? '').stdout}$ npx engram ${toScreen}\n`).toBe(session);
    const waiting = engram(toScreen ?? '', project, store).stdout;
    expect(pictures).toEqual([toMermaid(createCns({})), toMermaid(createOrders()), waiting]);
    expect(engram('graph first.ts').stdout).toBe(pictures[0]);
  });

  it('shows a program whose runs can be inspected, which runs also where nobody listens', async () => {
    const shop = mkdtempSync(join(project, 'inspected-'));
    const log = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const away = process.cwd();
    process.chdir(shop);
    onTestFinished(() => {
      log.mockRestore();
      process.chdir(away);
    });
    await import('./inspected.js');
    expect(readFileSync(join(shop, 'shop/ledger.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(3);
  });

  it('shows a line for each feature that stands in a program, which runs', async () => {
    const [, table = ''] = /^## All features$(.*?)^##? /ms.exec(readme) ?? [];
    const rows = table
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(2);
    const lines = rows.map((row) => /^\|[^|]+\| `([^`]+)`/.exec(row)?.[1] ?? `no line: ${row}`);
    expect(lines.length).toBeGreaterThan(18);
    const program = flattened(textOf('test/readme/features.ts'));
    expect(lines.filter((line) => !program.includes(flattened(line)))).toEqual([]);

    expect(await run()).toEqual({ output: 1, unclaimed: [], count: 1 });
    const told = ['fetching', 'fetching', 'joining', 'joining', 'joining', 'counting', 'counting'];
    expect(calls.filter((call) => !/^\d+$/.test(call))).toEqual(['attempt 1', 'attempt 2', ...told]);
  });

  it('shows a program that runs and prints what it says', () => {
    cpSync(join(root, 'test/readme/in-your-code.ts'), join(project, 'in-your-code.ts'));
    const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
    const printed = execFileSync(process.execPath, [tsx, 'in-your-code.ts'], { cwd: project, encoding: 'utf8' });
    expect(textOf('test/readme/in-your-code.ts')).toContain(`// ${printed.trim()}`);
  });

  it('links only to files that are there', () => {
    const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, path]) => path ?? '');
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('comes to the point before line 25', () => {
    expect(readme.split('\n').findIndex((line) => line.startsWith('```ts'))).toBeLessThan(25);
  });
});
