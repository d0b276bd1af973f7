import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project, root } from './engram-cli.js';
import { ORDERS, payloadOf } from './orders-flow.js';

let project: Project;
beforeAll(() => {
  project = new Project({ 'orders.ts': ORDERS }).install('engram', 'zod');
  project.engram(['run', 'orders.ts', '--id', 'fine', '--payload', payloadOf('fine')]);
  project.engram(['run', 'orders.ts', '--id', 'bad', '--payload', payloadOf('throws')]);
});
afterAll(() => project.remove());

const draw = (...args: readonly string[]) => project.engram(['graph', 'orders.ts', ...args]);

describe('engram graph', () => {
  it.each([
    [[], 'flowchart LR\n'],
    [['--direction', 'TB'], 'flowchart TB\n'],
    [['--format', 'dot'], 'digraph "orders" {\n'],
    [['--format', 'svg'], '<?xml version="1.0"'],
    [['--format', 'stately'], "import { createMachine } from 'xstate';\n"],
    [['--format', 'json'], '{\n  "name": "orders",\n'],
    [['--view', 'statechart'], 'stateDiagram-v2\n'],
    [['--view', 'statechart', '--format', 'dot'], 'digraph "orders" {\n'],
    [['--view', 'statechart', '--format', 'svg'], '<?xml version="1.0"'],
    [['--view', 'statechart', '--format', 'json'], '{\n  "id": "orders",\n'],
  ])('%j prints the picture and nothing else', (args, beginning) => {
    const { code, stdout, stderr } = draw(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.slice(0, beginning.length)).toBe(beginning);
  });

  it('colours the neurons by a stored run', () => {
    expect(draw('--run', 'fine').stdout).toContain('title: "fine: completed"');
    expect(draw('--run', 'fine').stdout).toMatch(/n_pay.*:::settled/);
    expect(draw('--run', 'bad').stdout).toMatch(/:::failed/);
  });

  it('writes a file, and says so', () => {
    const { code, stdout } = draw('--out', 'orders.svg');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^orders\.svg: \d+ neurons as svg\n$/) });
    expect(readFileSync(join(project.dir, 'orders.svg'), 'utf8')).toContain('</svg>');
  });

  it.each([
    ['a.mmd', 'flowchart'],
    ['a.gv', 'digraph'],
    ['a.json', '{'],
    ['a.stately.js', 'import { createMachine }'],
  ])('draws what the extension of %s says', (out, beginning) => {
    expect(draw('--out', out).code).toBe(0);
    expect(readFileSync(join(project.dir, out), 'utf8').slice(0, beginning.length)).toBe(beginning);
  });

  it('prints one JSON document with --json', () => {
    expect(project.json(['graph', 'orders.ts']).document).toMatchObject({ name: 'orders', run: null });
    expect(project.json(['graph', 'orders.ts', '--format', 'mermaid']).document).toMatchObject({ format: 'mermaid' });
  });

  it.each([
    [['--format', 'png'], '--format "png" is not known', 'there are: mermaid, dot, svg, stately, json'],
    [['--view', 'x'], '--view "x" is not known', 'there are: graph, statechart'],
    [['--out', 'a.png'], 'a.png does not say by its extension what to draw', 'name it *.mmd'],
    [['--direction', 'up'], '--direction "up" is not known', 'there are: LR, TB'],
    [['--run', 'nobody'], 'no run "nobody"', ''],
    [['--run', 'fine', '--view', 'statechart'], '--run colours the neurons, which this picture does not show', 'leave'],
    [['--out', 'no/such/dir.svg'], 'no/such/dir.svg cannot be written', 'name a file in a directory that is there'],
    [['--run', 'fine', '--store', 'memory:'], 'engram graph --run finds nothing in memory:', 'name the store'],
  ])('%j is refused with what to do', (args, message, hint) => {
    const { code, stdout, stderr } = draw(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });

  it('says which package SVG needs where that is missing, and draws the rest without it', () => {
    const bare = mkdtempSync(join(tmpdir(), 'engram-bare-'));
    const modules = join(bare, 'node_modules');
    mkdirSync(join(modules, 'engram'), { recursive: true });
    for (const name of ['dist', 'package.json'])
      cpSync(join(root, name), join(modules, 'engram', name), { recursive: true });
    for (const name of ['xstate', 'zod', 'superjson', 'commander', 'jiti', 'copy-anything', 'is-what']) {
      symlinkSync(realpathSync(join(root, 'node_modules', name)), join(modules, name), 'dir');
    }
    const cli = (...args: readonly string[]) =>
      project.exec(process.execPath, [join(modules, 'engram/dist/src/cli/main.js'), 'graph', 'orders.ts', ...args]);
    expect(cli().stdout).toContain('flowchart LR');
    const { code, stderr } = cli('--format', 'svg');
    rmSync(bare, { recursive: true });
    expect(code).toBe(2);
    expect(stderr).toContain('SVG needs the package "@hpcc-js/wasm-graphviz"');
    expect(stderr).toContain('npm install --save-dev @hpcc-js/wasm-graphviz');
  });
});
