/** Copies of the sources, each with one edit, loaded into this process beside the real ones. */
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One edit of one file; what it looks for must be there exactly once. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Patch extends Edit {
  readonly name: string;
  /** Another edit, where one alone does no harm. */
  readonly and?: Edit;
}

/** What is never loaded. */
const LEFT_OUT = ['src/cli', 'src/worker', 'machines/flows', 'adapters/redis', 'adapters/conformance'];

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
    for (const folder of ['src', 'machines', 'adapters']) {
      for (const entry of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
        const file = `${folder}/${entry.replaceAll('\\', '/')}`;
        if (!file.endsWith('.ts') || LEFT_OUT.some((path) => file.startsWith(path))) continue;
        const text = readFileSync(join(ROOT, file), 'utf8');
        this.#sources.set(file, text);
        this.#emitted.set(file, emit(file, text));
      }
    }
  }

  /** Whether each edit of a patch finds what it looks for exactly once. */
  matches(patch: Patch): boolean {
    return editsOf(patch).every(({ file, find }) => (this.#sources.get(file) ?? '').split(find).length === 2);
  }

  /**
   * Writes a copy.
   * @param patch null for one without a fault
   * @returns imports a file of it, e.g. `src/index`
   */
  importer(patch: Patch | null): (path: string) => Promise<unknown> {
    const edits = patch === null ? [] : editsOf(patch);
    const folder = join(this.#folder, 'node_modules', `copy-${++this.#count}`);
    for (const [file, text] of this.#emitted) {
      const path = join(folder, file.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(path), { recursive: true });
      const edit = edits.find((each) => each.file === file);
      writeFileSync(path, edit === undefined ? text : this.#edited(edit));
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    return (path) => import(/* @vite-ignore */ pathToFileURL(join(folder, `${path}.js`)).href);
  }

  #edited({ file, find, replace }: Edit): string {
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

const editsOf = ({ and, ...edit }: Patch): readonly Edit[] => (and === undefined ? [edit] : [edit, and]);

const emit = (fileName: string, text: string): string =>
  ts.transpileModule(text, {
    fileName,
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  }).outputText;
