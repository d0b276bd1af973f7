import type { Logger } from 'engram';

export interface RecordingLogger extends Logger {
  readonly warnings: string[];
  readonly errors: { readonly message: string; readonly error: unknown }[];
}

/** Keeps what it is told. */
export function recordingLogger(): RecordingLogger {
  const warnings: string[] = [];
  const errors: { message: string; error: unknown }[] = [];
  return {
    warnings,
    errors,
    warn: (message) => void warnings.push(message),
    error: (message, error) => void errors.push({ message, error }),
  };
}
