/** A logger of the user's is called in the middle of saves: one that throws must not stop them. */
import type { Logger } from './options.js';

/** The same logger; what it throws is swallowed, since there is nobody left to tell. */
export function safeLogger(logger: Logger): Logger {
  const safely = (tell: () => void): void => {
    try {
      tell();
    } catch {
      // a run is worth more than a line in a log
    }
  };
  return {
    warn: (...line) => safely(() => logger.warn(...line)),
    error: (...line) => safely(() => logger.error(...line)),
  };
}
