/** What the process says of itself when it ends. Documented for scripts: a number here never changes its meaning. */
export const EXIT = {
  completed: 0,
  /** The run has ended, and not well: a handler failed, or it was aborted. */
  failed: 1,
  /** Bad input, or nothing that could be done: whatever was stored is as it was, or goes on with `engram resume`. */
  refused: 2,
  /** Stopped by a signal; 128 and the signal's number, as shells count. */
  interrupted: 130,
  terminated: 143,
} as const;
