/**
 * Who may write a run: one small file per run and fence, made exclusively, so that of several processes one gets it.
 *
 * Rules:
 *  - who takes a run claims the fence after the newest one; a claim is never changed and never removed, so a writer
 *    learns that it was overtaken by looking for one file, the claim of its fence plus one;
 *  - a claim says nothing about what counts; the record that follows it in the log does. A claim without one (a crash in
 *    between) has changed nothing, and the next taker claims the fence after it;
 *  - a lease lasts until the later of what the claim says and what the heartbeat of its owner says.
 */
import { join } from 'node:path';
import type { Lease, Owner } from '../../src/durability/store.js';
import { createExclusive, readText, replaceFile, sizeOf } from './disk.js';
import { safeName, shardOf } from './names.js';
import { seal, unseal } from './sealed.js';

const CLAIM_KIND = 'file-claim';
const HEARTBEAT_KIND = 'file-heartbeat';

export class Claims {
  readonly #dir: string;
  readonly #beats = new Map<string, number>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** The path of the claims of a run, without the fence. Worth keeping: it takes a hash. */
  stem(id: string): string {
    const safe = safeName(id);
    return join(this.#dir, 'runs', shardOf(safe), safe);
  }

  isTaken(stem: string, fence: number): boolean {
    return sizeOf(`${stem}.${fence}`) !== undefined;
  }

  /** @param known a fence that was taken for certain, or 0 */
  newestFence(stem: string, known: number): number {
    let fence = known;
    while (this.isTaken(stem, fence + 1)) fence += 1;
    return fence;
  }

  /** @returns false when somebody else has that fence */
  take(stem: string, id: string, lease: Lease): boolean {
    return createExclusive(`${stem}.${lease.fence}`, seal(CLAIM_KIND, { run: id, ...lease }));
  }

  /** The lease under that fence as it stands now; undefined when its claim is gone. */
  lease(stem: string, fence: number): Lease | undefined {
    const path = `${stem}.${fence}`;
    const text = readText(path);
    if (text === undefined) return undefined;
    const { owner, until } = unseal(CLAIM_KIND, text, path) as unknown as Lease;
    return { owner, fence, until: Math.max(until, this.#beatOf(owner)) };
  }

  /** Makes all leases of this owner last until then at least. One small write serves all runs that are renewed at once. */
  extend(owner: Owner, until: number): void {
    if ((this.#beats.get(owner.key) ?? 0) >= until) return;
    replaceFile(this.#beatPath(owner), seal(HEARTBEAT_KIND, { owner, until }));
    this.#beats.set(owner.key, until);
  }

  #beatOf(owner: Owner): number {
    const path = this.#beatPath(owner);
    const text = readText(path);
    if (text === undefined) return 0;
    const { until } = unseal(HEARTBEAT_KIND, text, path);
    return typeof until === 'number' ? until : 0;
  }

  #beatPath(owner: Owner): string {
    return join(this.#dir, 'owners', `${safeName(owner.key)}.json`);
  }
}
