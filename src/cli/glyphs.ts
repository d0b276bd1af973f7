/** What is drawn with. One set of signs for all commands: ⬢ is a milestone wherever it stands. */

export interface Glyphs {
  readonly done: string;
  readonly failed: string;
  /** Will not be done, or is undone. */
  readonly undone: string;
  readonly waiting: string;
  /** Ready, and nobody is there to do it. */
  readonly ready: string;
  /** One after the other while something runs. */
  readonly spinner: readonly string[];
  /** A signal that comes into the run. */
  readonly entry: string;
  readonly milestone: string;
  readonly resumed: string;
  readonly emits: string;
  /** In the place of lines that are left out. */
  readonly folded: string;
  /** In the place of letters that are left out. */
  readonly cut: string;
  readonly dash: string;
  /** A branch, the last one, what goes past a branch to the next, and past the last. All of the same width. */
  readonly branch: string;
  readonly last: string;
  readonly past: string;
  readonly blank: string;
}

const UNICODE: Glyphs = {
  done: '✔',
  failed: '✖',
  undone: '↶',
  waiting: '◷',
  ready: '○',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
  entry: '●',
  milestone: '⬢',
  resumed: '↻',
  emits: '→',
  folded: '⋮',
  cut: '…',
  dash: '—',
  branch: '├─ ',
  last: '└─ ',
  past: '│  ',
  blank: '   ',
};

const ASCII: Glyphs = {
  done: '+',
  failed: 'x',
  undone: '<',
  waiting: '?',
  ready: 'o',
  spinner: ['|', '/', '-', '\\'],
  entry: '*',
  milestone: '#',
  resumed: '@',
  emits: '->',
  folded: ':',
  cut: '~',
  dash: '-',
  branch: '|- ',
  last: '`- ',
  past: '|  ',
  blank: '   ',
};

/** By the locale, as `tree` and `systemctl` do; the console of Linux, and a terminal without abilities, have ASCII. */
export function glyphsFor(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): Glyphs {
  const { TERM, LC_ALL = '', LC_CTYPE = '', LANG = '' } = env;
  if (TERM === 'dumb' || TERM === 'linux') return ASCII;
  if (platform === 'win32' || platform === 'darwin') return UNICODE; // their locales need not say it
  const locale = [LC_ALL, LC_CTYPE, LANG].find((name) => name !== '') ?? '';
  return /utf-?8/i.test(locale) ? UNICODE : ASCII;
}
