import { createHash } from 'node:crypto';

/**
 * A file name for any string: what is readable of it, then a hash that tells it from every other one, also on file
 * systems that take upper and lower case for the same. Always under 80 bytes.
 */
export function safeName(text: string): string {
  const readable = text
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .slice(0, 40);
  // JSON keeps lone surrogates apart, which UTF-8 would all turn into the same replacement character.
  const hash = createHash('sha256').update(JSON.stringify(text)).digest('hex').slice(0, 32);
  return `${readable}~${hash}`;
}

/** Two hex digits, so that no folder grows too long. */
export function shardOf(safe: string): string {
  return safe.slice(-2);
}
