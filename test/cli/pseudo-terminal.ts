/**
 * A command of the built command line on a real pseudo terminal (the `script` of util-linux), and what a terminal shows
 * of it: the bytes are given to a real emulator, one frame after the other, and within a frame piece by piece.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '@xterm/headless';
import { main } from './engram-cli.js';

export const hasScript = spawnSync('script', ['-qec', 'true', '/dev/null'], { input: '' }).status === 0;

const FRAME_BEGIN = '\u001b[?2026h';
const FRAME_END = '\u001b[?2026l';

/** What is on the screen: rows from the top, without blanks at their ends. */
export type Picture = readonly string[];

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const running = new Set<ChildProcess>();

/** Ends those that a failed test has left behind. */
export function closeTerminals(): void {
  for (const child of running) child.kill('SIGKILL');
}

export class PseudoTerminal {
  readonly size: Size;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();
  readonly #terminal: Terminal;
  readonly #ended: Promise<number | null>;
  /** Holds the path of the terminal. */
  readonly #ttyFile: string;
  #bytes = '';
  #isOver = false;
  #shown: Promise<void> = Promise.resolve();
  #picture: Picture = [];

  constructor(dir: string, args: readonly string[], size: Size, env: Readonly<Record<string, string>> = {}) {
    this.size = size;
    this.#terminal = terminalOf(size);
    const words = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ');
    this.#ttyFile = join(dir, `.tty-${randomUUID()}`);
    const line = `tty > '${this.#ttyFile}'; stty cols ${size.columns} rows ${size.rows}; exec ${words}`;
    const { NO_COLOR: _a, FORCE_COLOR: _b, ENGRAM_STORE: _c, ...own } = process.env;
    const child = spawn('script', ['-qefc', line, '/dev/null'], {
      cwd: dir,
      env: { ...own, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    running.add(child);
    child.once('close', () => running.delete(child));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#bytes += text;
      // a frame may come in pieces
      const isWhole = this.#bytes.lastIndexOf(FRAME_END) >= this.#bytes.lastIndexOf(FRAME_BEGIN);
      this.#shown = this.#shown
        .then(() => write(this.#terminal, text))
        .then(() => (isWhole ? this.#look() : undefined));
    });
    this.#ended = new Promise((resolve) => child.on('close', (code) => resolve(code)));
    void this.#ended.then(async () => {
      await this.#shown;
      this.#isOver = true;
      this.#look();
    });
  }

  /** All that was printed. */
  get bytes(): string {
    return this.#bytes;
  }

  /** The exit code, when all that was printed is on the screen. */
  async ended(): Promise<number | null> {
    const code = await this.#ended;
    await this.#shown;
    return code;
  }

  get picture(): Picture {
    return this.#picture;
  }

  /** Resolves when the screen fits. */
  until(told: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const isThere = told.test(this.#picture.join('\n'));
        if (!isThere && !this.#isOver) return;
        this.#listeners.delete(look);
        if (isThere) resolve();
        else reject(new Error(`ended before ${told}:\n${this.#picture.join('\n')}`));
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** What a person types. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** As a person does it with the window. */
  resize({ columns, rows }: Size): void {
    this.#shown = this.#shown.then(() => this.#terminal.resize(columns, rows));
    const tty = readFileSync(this.#ttyFile, 'utf8').trim();
    spawnSync('stty', ['-F', tty, 'cols', String(columns), 'rows', String(rows)]);
  }

  #look(): void {
    this.#picture = pictureOf(this.#terminal);
    for (const listener of [...this.#listeners]) listener();
  }
}

const terminalOf = ({ columns, rows }: Size): Terminal =>
  new Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1000 });

const write = (terminal: Terminal, text: string): Promise<void> =>
  new Promise((resolve) => terminal.write(text, resolve));

function pictureOf(terminal: Terminal): Picture {
  const { active } = terminal.buffer;
  return Array.from({ length: terminal.rows }, (_, at) => {
    return active.getLine(active.baseY + at)?.translateToString(true) ?? '';
  });
}

export interface Frame {
  readonly picture: Picture;
  /** How many rows have left the screen at its top. */
  readonly scrolled: number;
  /** What could be seen between the frame before and this one: after each of its lines. */
  readonly between: readonly Picture[];
  /** Rows that were too long, and went on in the next. */
  readonly wrapped: number;
}

/** Every state that the terminal was in. */
export async function framesOf(bytes: string, size: Size): Promise<Frame[]> {
  const terminal = terminalOf(size);
  const frames: Frame[] = [];
  const texts = bytes.split(FRAME_END);
  for (const [at, text] of texts.entries()) {
    const between: Picture[] = [];
    // lines, and what clears: a terminal may show what is there between any two of these
    for (const piece of text.split(/(?<=\r\n)|(?=\u001b\[[KJ])|(?<=\u001b\[[KJ])/)) {
      await write(terminal, piece);
      between.push(pictureOf(terminal));
    }
    if (at < texts.length - 1) await write(terminal, FRAME_END);
    const { active } = terminal.buffer;
    const rows = Array.from({ length: active.length }, (_, row) => active.getLine(row)?.isWrapped === true);
    frames.push({
      picture: pictureOf(terminal),
      scrolled: active.baseY,
      between,
      wrapped: rows.filter(Boolean).length,
    });
  }
  terminal.dispose();
  return frames;
}

/**
 * Rows that were seen between two frames and belong to neither. What is cleared behind a line that was just written is
 * that line and the end of the old one: it is told apart from a torn one by what stands before it.
 */
export function flickerIn(before: Picture, { picture, between }: Frame): string[] {
  return between.flatMap((seen) =>
    seen.flatMap((row, at) => {
      const [old = '', now = ''] = [before[at], picture[at]];
      if (row === old || row === now) return [];
      // written over from its beginning, and not yet cleared to its end
      return row.startsWith(now) && row.slice(now.length) === old.slice(now.length) ? [] : [`row ${at}: "${row}"`];
    }),
  );
}
