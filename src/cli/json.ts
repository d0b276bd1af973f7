/** Any value as JSON for other programs. What JSON does not know is shown, not kept: this is no storage format. */
import { inspect } from 'node:util';

export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value, shown) ?? 'null';
  } catch {
    // a cycle
    return JSON.stringify(inspect(value));
  }
}

function shown(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map) return [...(value as Map<unknown, unknown>)];
  if (value instanceof Set) return [...(value as Set<unknown>)];
  if (value instanceof Error) return { name: value.name, message: value.message };
  return value;
}

/** A value for people, in one line. */
export function brief(value: unknown): string {
  return inspect(value, { breakLength: Infinity, compact: true, depth: 4, maxArrayLength: 20, maxStringLength: 200 });
}
