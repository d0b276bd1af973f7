/**
 * The id of the job that stands for a run: the id of the run, escaped where BullMQ forbids it. BullMQ keeps a job under a
 * key that ends with its id, beside keys of its own, and takes neither colons nor whole numbers.
 */

/** What else stands beside the jobs of a queue, under keys that end like this. */
const TAKEN = new Set([
  ...['active', 'wait', 'waiting-children', 'paused', 'id', 'delayed', 'prioritized', 'stalled-check', 'completed'],
  ...['failed', 'stalled', 'repeat', 'limiter', 'meta', 'events', 'pc', 'marker', 'de', 'metrics'],
]);
const WHOLE_NUMBER = /^-?\d+$/;
/** Colons, the sign that escapes, and halves of characters, which are lost on the way to Redis. */
const FORBIDDEN = /[:%]|\p{Surrogate}/gu;

export function jobIdOf(id: string): string {
  const safe = id.replace(FORBIDDEN, escaped);
  return TAKEN.has(safe) || WHOLE_NUMBER.test(safe) ? escaped(safe.slice(0, 1)) + safe.slice(1) : safe;
}

const escaped = (unit: string): string => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
