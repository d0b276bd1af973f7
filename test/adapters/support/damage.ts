import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claim, creation, saving } from '../../../adapters/conformance/bench.js';
import { fileStore } from '../../../adapters/file.js';
import type { Lease } from '../../../src/durability/store.js';

export function logsOf(dir: string): string[] {
  const folder = join(dir, 'logs');
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
}

/** As if no record had ever reached the disk. */
export function emptyLogs(dir: string): void {
  for (const log of logsOf(dir)) writeFileSync(log, firstLine(log));
}

function firstLine(log: string): string {
  const text = readFileSync(log, 'utf8');
  return text.slice(0, text.indexOf('\n') + 1);
}

export interface Recorded {
  readonly head: string;
  readonly parts: Record<string, string>;
}

/** Two runs of five checkpoints, in one log, and what each of them was. */
export async function recordRuns(dir: string): Promise<Map<string, Recorded[]>> {
  const store = fileStore({ dir });
  const runs = new Map<string, Recorded[]>();
  const leases = new Map<string, Lease>();
  for (const id of ['run-1', 'run-2']) {
    const first = { head: `"${id} at 1"`, parts: { base: `"${id}"` } };
    leases.set(id, (await store.create(creation(id, { ...first, claim: claim('one') }))) as Lease);
    runs.set(id, [first]);
  }
  for (let seq = 2; seq <= 5; seq += 1) {
    for (const [id, checkpoints] of runs) {
      const whole = seq === 4;
      const head = `"${id} at ${seq}"`;
      const changed = { [`p${seq}`]: `{"text":"${id} ${'é'.repeat(seq)}"}` };
      const parts = whole ? changed : { ...checkpoints.at(-1)?.parts, ...changed };
      await store.save(
        saving(id, seq, leases.get(id) as Lease, { head, parts: changed, whole, events: [String(seq)] }),
      );
      checkpoints.push({ head, parts });
    }
  }
  await store.close();
  return runs;
}
