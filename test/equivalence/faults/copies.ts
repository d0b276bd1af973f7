/** Copies of the sources, each with one edit, loaded into this process beside the real ones. */
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { type Library, loadLibrary } from '../library.js';
import type { Patch } from './patches.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** What the harness never loads. */
const LEFT_OUT = ['src/cli', 'src/index.ts', 'machines/flows'];

export class Copies {
  readonly #folder = mkdtempSync(join(tmpdir(), 'engram-faults-'));
  readonly #sources = new Map<string, string>();
  readonly #emitted = new Map<string, string>();
  #count = 0;

  constructor() {
    // below node_modules, so that the test runner leaves the copies to Node
    const modules = join(this.#folder, 'node_modules');
    mkdirSync(modules);
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    for (const name of Object.keys(dependencies)) {
      if (!name.startsWith('@')) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name), 'dir');
    }
    for (const folder of ['src', 'machines']) {
      for (const entry of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
        const file = `${folder}/${entry.replaceAll('\\', '/')}`;
        if (!file.endsWith('.ts') || LEFT_OUT.some((path) => file.startsWith(path))) continue;
        const text = readFileSync(join(ROOT, file), 'utf8');
        this.#sources.set(file, text);
        this.#emitted.set(file, emit(file, text));
      }
    }
  }

  /** How often a file holds what a patch looks for. */
  matches({ file, find }: Patch): number {
    return (this.#sources.get(file) ?? '').split(find).length - 1;
  }

  /** @param patch null for a copy without a fault */
  async load(patch: Patch | null): Promise<Library> {
    const folder = join(this.#folder, 'node_modules', `copy-${++this.#count}`);
    for (const [file, text] of this.#emitted) {
      const path = join(folder, file.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, file === patch?.file ? this.#patched(patch) : text);
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    return loadLibrary((path) => import(/* @vite-ignore */ pathToFileURL(join(folder, `${path}.js`)).href));
  }

  #patched({ file, find, replace }: Patch): string {
    const text = this.#sources.get(file) as string;
    return emit(
      file,
      text.replace(find, () => replace),
    );
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const emit = (fileName: string, text: string): string =>
  ts.transpileModule(text, {
    fileName,
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  }).outputText;
