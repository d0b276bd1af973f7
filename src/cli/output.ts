/**
 * Everything that is printed goes through here. For people: lines, in colour where that is wanted. With `--json`: one
 * JSON document per command on stdout, and nothing else; of `engram worker` one for each event, a line each.
 */
import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { inspect, styleText } from 'node:util';
import { failureOf } from './failure.js';
import { type Glyphs, glyphsFor } from './glyphs.js';
import { toJson } from './json.js';
import { oneLine } from './text.js';

export type Style = 'bold' | 'cyan' | 'dim' | 'green' | 'red' | 'yellow';

export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
}

/** A value of the user's as it may be shown, given what it is: `'payload', 'order'`. */
export type Shown = (value: unknown, ...path: readonly string[]) => unknown;

/** What is drawn in place needs at least as much of a terminal. */
const LEAST_COLUMNS = 40;
const LEAST_ROWS = 6;

export class Output {
  readonly isJson: boolean;
  /** Every payload, context value, output and error goes through this before it is printed. */
  shown: Shown = (value) => value;
  /** What is drawn with. */
  readonly glyphs: Glyphs;
  /** Resolves when it has turned out that nobody reads stdout any more. */
  readonly readerGone: Promise<void>;
  readonly #streams: Streams;
  readonly #hasColour: boolean;

  constructor(isJson: boolean, streams: Streams = process) {
    this.isJson = isJson;
    this.#streams = streams;
    this.glyphs = glyphsFor(streams.env);
    this.#hasColour = !isJson && wantsColour(streams);
    // a reader that went away (`engram ls | head`) is no reason to stop a run
    for (const stream of [streams.stdout, streams.stderr]) stream.on('error', () => undefined);
    this.readerGone = new Promise((resolve) => {
      streams.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
        if (code === 'EPIPE') resolve();
      });
      streams.stdout.once('close', () => resolve());
    });
    // stdout is for the one document
    if (isJson) replaceConsole(streams.stderr);
  }

  /** Whether one line can be rewritten in place. */
  get isLive(): boolean {
    const { stdout, env } = this.#streams;
    return !this.isJson && stdout.isTTY && env['TERM'] !== 'dumb';
  }

  /** Columns to stay within; Infinity where lines go to a file or a pipe. */
  get width(): number {
    const { stdout } = this.#streams;
    // 0 where a terminal does not say
    return stdout.isTTY ? Math.max(LEAST_COLUMNS, stdout.columns || 80) : Infinity;
  }

  /** Lines that are seen at once; Infinity where lines go to a file or a pipe. */
  get height(): number {
    const { stdout } = this.#streams;
    return stdout.isTTY ? Math.max(LEAST_ROWS, stdout.rows || 24) : Infinity;
  }

  /** Whether `width` and `height` are as the terminal says: on a smaller one what is drawn in place would flood it. */
  get hasRoom(): boolean {
    const { stdout } = this.#streams;
    return !stdout.isTTY || ((stdout.columns || 80) >= LEAST_COLUMNS && (stdout.rows || 24) >= LEAST_ROWS);
  }

  /** Called when the terminal has another size. @returns no longer */
  onResize(listener: () => void): () => void {
    const { stdout } = this.#streams;
    stdout.on('resize', listener);
    return () => void stdout.off('resize', listener);
  }

  style(style: Style, text: string): string {
    return this.#hasColour ? styleText(style, text) : text;
  }

  /** As it is, for what moves the cursor itself. */
  write(text: string): void {
    this.#streams.stdout.write(text);
  }

  /** For people only. */
  line(text = ''): void {
    if (!this.isJson) this.write(`${text}\n`);
  }

  /** For programs only. */
  document(value: unknown): void {
    if (this.isJson) this.write(`${toJson(value)}\n`);
  }

  /**
   * One line, with the next step.
   * @param more for the document
   * @param next what to do when the error itself does not know
   * @returns the exit code
   */
  fail(error: unknown, more: Readonly<Record<string, unknown>> = {}, next?: string): number {
    const { code, message: told, hint = next, exitCode } = failureOf(error);
    const message = this.message(told);
    if (this.isJson) this.document({ ...more, error: { code, message, hint } });
    else {
      const step = hint === undefined ? '' : ` — ${hint}`;
      this.#streams.stderr.write(`${this.style('red', 'engram:')} ${message}${step}\n`);
    }
    if (this.#streams.env['ENGRAM_DEBUG'] === '1')
      this.#streams.stderr.write(`${inspect(this.shown(error, 'error'))}\n`);
    return exitCode;
  }

  /** What an error says, in one line. */
  message(text: string): string {
    const shown = this.shown(text, 'error', 'message');
    return oneLine(typeof shown === 'string' ? shown : toJson(shown));
  }

  /** Resolves when all of it has left the process. */
  async flush(): Promise<void> {
    const { stdout, stderr } = this.#streams;
    await Promise.all([stdout, stderr].map((stream) => new Promise<void>((done) => stream.write('', () => done()))));
  }
}

/** What a flow prints goes to `to` from now on. */
export function replaceConsole(to: NodeJS.WritableStream | ((text: string) => void)): void {
  const stream =
    typeof to !== 'function'
      ? to
      : new Writable({
          decodeStrings: false,
          write(chunk, _encoding, done) {
            to(String(chunk));
            done();
          },
        });
  globalThis.console = new Console(stream, stream);
}

/** https://no-color.org and https://force-color.org */
function wantsColour({ stdout, env }: Streams): boolean {
  const { NO_COLOR = '', FORCE_COLOR } = env;
  if (NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return stdout.isTTY && env['TERM'] !== 'dumb';
}
