/**
 * Causes: what makes an activation's id the same under any interleaving, across retries and after a crash. The cause of
 * an activation is a 64-bit hash of what it descends from: its parent's cause, the index of its signal in the parent's
 * answer, and the subscriber's name. Kept as two 32-bit integers, mixed when the activation is made (some nanoseconds),
 * written as text only when somebody reads it.
 *
 * The subscriber counts by name and not by its place in the graph, so that a deploy which adds a neuron does not change
 * the idempotency keys of the others.
 */
import { hashText } from '../graph/hash.js';

/** What has a cause. */
export interface Caused {
  cause1: number;
  cause2: number;
}

/** The parent of the activations that the entry signals make. */
export const ENTRY: Readonly<Caused> = asCause('engram.entry');
/** The parent of outside signals that carry no delivery id; their index is their place in the order of readiness. */
export const OUTSIDE: Readonly<Caused> = asCause('engram.outside');

/** The parent of the activations that an outside signal with a delivery id makes. */
export const deliveryCause = (deliveryId: string): Caused => asCause(`engram.delivery/${deliveryId}`);

/** The cause of an activation that another run has left, by the id that it had there. */
export const taskCause = (id: string): Caused => asCause(`engram.task/${id}`);

/** Gives `target` its cause. Source of the constants and the finish: MurmurHash3 (A. Appleby, public domain). */
export function deriveCause(
  target: Caused,
  parent: Readonly<Caused>,
  index: number,
  subscriber: { readonly hash1: number; readonly hash2: number },
): void {
  let a = Math.imul(parent.cause1 ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b) ^ subscriber.hash1;
  let b = Math.imul(parent.cause2 ^ Math.imul(index + 1, 0x85ebca77), 0xc2b2ae35) ^ subscriber.hash2;
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  target.cause1 = a ^ (a >>> 15);
  target.cause2 = b ^ (b >>> 15);
}

/**
 * Gives the activation that a complete set of a join starts its cause: by slot in the order of the join, whatever the
 * order in which a slot was filled.
 */
export function joinCause(
  target: Caused,
  parents: readonly (readonly Readonly<Caused>[])[],
  subscriber: { readonly hash1: number; readonly hash2: number },
): void {
  const folded = { cause1: 0x6a09e667, cause2: 0x3c6ef372 };
  for (const slot of parents) {
    let first = slot.length;
    let second = slot.length;
    for (const { cause1, cause2 } of slot) {
      first = (first + Math.imul(cause1 ^ (cause2 >>> 15), 0x85ebca6b)) | 0;
      second = (second + Math.imul(cause2 ^ (cause1 >>> 13), 0xc2b2ae35)) | 0;
    }
    folded.cause1 = Math.imul(folded.cause1 ^ first, 0x9e3779b1) ^ second;
    folded.cause2 = Math.imul(folded.cause2 ^ second, 0x85ebca77) ^ first;
  }
  deriveCause(target, folded, parents.length, subscriber);
}

/** 16 hex digits. */
export const causeText = (cause: Readonly<Caused>): string => hex(cause.cause1) + hex(cause.cause2);

export function parseCause(target: Caused, text: string): void {
  target.cause1 = Number.parseInt(text.slice(0, 8), 16) | 0;
  target.cause2 = Number.parseInt(text.slice(8, 16), 16) | 0;
}

/** Every byte as text: several times faster than `toString(16)` and padding. */
const BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const byteText = (byte: number): string => BYTES[byte & 255] as string;
const hex = (half: number): string =>
  byteText(half >>> 24) + byteText(half >>> 16) + byteText(half >>> 8) + byteText(half);

function asCause(text: string): Caused {
  const { hash1, hash2 } = hashText(text);
  return { cause1: hash1, cause2: hash2 };
}
