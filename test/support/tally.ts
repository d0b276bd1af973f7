/** What the fault tests have been through: printed by each of them, and added up by `npm run faults`. */
import { appendFileSync } from 'node:fs';

/** @param what e.g. `kills survived: file store` */
export function tally(what: string, count: number): void {
  const { ENGRAM_TALLY: file } = process.env;
  console.log(`${what}: ${count}`);
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ what, count })}\n`);
}
