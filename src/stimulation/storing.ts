/** How large and how small what is stored of a run may be: what users choose, checked. */
import type { StoringOptions } from '../durability/stored-parts.js';
import { InvalidArgumentError, StoreRequiredError } from '../errors/index.js';
import type { CNSOptions } from './options.js';

/** @throws InvalidArgumentError; StoreRequiredError for what means nothing without a store */
export function storingOf({ store, compression = false, limits = {} }: CNSOptions): StoringOptions {
  const { part, checkpoint } = limits;
  const given = { compression: compression === false ? undefined : compression.above, part, checkpoint };
  const names = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (store === undefined && names.length > 0) {
    throw new StoreRequiredError(`new CNS with ${compression === false ? 'limits' : 'compression'}`);
  }
  assertBytes('compression.above', compression === false ? undefined : compression.above, 0);
  assertBytes('limits.part', part, 1);
  assertBytes('limits.checkpoint', checkpoint, 1);
  if (compression !== false && typeof compression.above !== 'number') {
    throw new InvalidArgumentError('compression has no number of bytes', { hint: 'compression: { above: 65_536 }' });
  }
  return { compression, limits };
}

function assertBytes(what: string, bytes: number | undefined, least: number): void {
  if (bytes === undefined || (typeof bytes === 'number' && bytes >= least)) return;
  throw new InvalidArgumentError(`${what} must be a number of bytes, from ${least} on`, {
    hint: 'leave it out for no limit',
  });
}
