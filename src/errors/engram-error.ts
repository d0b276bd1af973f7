/**
 * The one family of errors. Job: every error says what happened, where, and what to do next.
 * Not its job: deciding who sees it.
 *
 * `instanceof` holds across two installed copies of the package: each class carries a brand of its own name under a
 * registered symbol, so that `error instanceof RunExistsError` is a question about the brand and not about identity.
 */
const BRAND = Symbol.for('engram.error');

export interface ErrorDetails {
  /** What to do next, as a sentence for a person. */
  readonly hint: string;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

export abstract class EngramError extends Error {
  /** Stable across versions, e.g. `RUN_EXISTS`. */
  abstract readonly code: string;
  /** Whether the same call may succeed when it is made again unchanged. */
  readonly retryable: boolean = false;
  /** What to do next. */
  readonly hint: string;

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.hint = details.hint;
  }

  /** The names of the classes of this error, nearest first. */
  get [BRAND](): readonly string[] {
    const names: string[] = [];
    for (let proto: unknown = Object.getPrototypeOf(this); proto !== Error.prototype && proto !== null;) {
      names.push((proto as { constructor: { name: string } }).constructor.name);
      proto = Object.getPrototypeOf(proto);
    }
    return names;
  }

  static override [Symbol.hasInstance](this: { readonly name: string }, value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    const brands = (value as { [BRAND]?: unknown })[BRAND];
    return Array.isArray(brands) && brands.includes(this.name);
  }
}

/** A one-line account of any thrown value, for messages that quote it. */
export function describeError(error: unknown): string {
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  if (typeof error === 'string') return error;
  try {
    return JSON.stringify(error) ?? String(error);
  } catch {
    return Object.prototype.toString.call(error);
  }
}
