/**
 * A digest of a state that is made of named texts: it costs the change and not the state, and the order of the parts
 * does not matter. The digest of a part is the sha-256 of `name \0 text`, that of a state the XOR of its parts' digests.
 *
 * It is the incremental hashing of Bellare and Micciancio (1997) and Clarke et al. (2003) in its simplest form. It
 * finds damage: a part that is missing, changed, swapped or of another checkpoint. It does not withstand malice: who
 * can choose many texts can make two states of one digest.
 *
 * A text never holds a NUL (it is JSON), so that name and text cannot be taken for another name and text.
 */
import { hash } from 'node:crypto';

const BYTES = 32;

export class StateDigest {
  /** By name, a byte a character: a string is the cheapest thing that holds 32 bytes. */
  readonly #parts = new Map<string, string>();
  readonly #state = Buffer.alloc(BYTES);

  /** Adds a part, or puts it in the place of the one of that name. */
  set(name: string, text: string): void {
    this.delete(name);
    const part = hash('sha256', `${name}\0${text}`, 'binary');
    this.#parts.set(name, part);
    this.#turn(part);
  }

  /** Takes a part out; does nothing when there is none of that name. */
  delete(name: string): void {
    const part = this.#parts.get(name);
    if (part === undefined) return;
    this.#parts.delete(name);
    this.#turn(part);
  }

  /** Takes all parts out. */
  clear(): void {
    this.#parts.clear();
    this.#state.fill(0);
  }

  toString(): string {
    return this.#state.toString('base64url');
  }

  /** XOR is its own inverse: the same digest puts a part in and takes it out. */
  #turn(part: string): void {
    const state = this.#state;
    for (let i = 0; i < BYTES; i++) state[i] = (state[i] as number) ^ part.charCodeAt(i);
  }
}

/** The digest of a whole state. */
export function digestOf(parts: Iterable<readonly [string, string]>): string {
  const digest = new StateDigest();
  for (const [name, text] of parts) digest.set(name, text);
  return digest.toString();
}
