/** A command of the built command line that goes on while the test does something else. */
import { type ChildProcess, spawn } from 'node:child_process';
import { type Ended, main } from './engram-cli.js';

export class RunningCommand {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();
  stdout = '';
  stderr = '';

  constructor(dir: string, args: readonly string[]) {
    const env = { ...process.env, NO_COLOR: '1', ENGRAM_STORE: '', ENGRAM_DEBUG: '' };
    const child = spawn(process.execPath, [main, ...args], { cwd: dir, env });
    this.#child = child;
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        this[name] += text;
        this.#tell();
      });
    }
    this.ended = new Promise((resolve) => {
      child.on('close', (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr }));
    });
    void this.ended.then(() => this.#tell());
  }

  /** Resolves when what it has printed fits. */
  until(told: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const isThere = told.test(this.stdout);
        if (!isThere && !this.#hasEnded) return;
        this.#listeners.delete(look);
        if (isThere) resolve();
        else reject(new Error(`ended before ${told}: ${this.stdout}${this.stderr}`));
      };
      this.#listeners.add(look);
      look();
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  #tell(): void {
    for (const look of [...this.#listeners]) look();
  }
}
