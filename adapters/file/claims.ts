/**
 * Who may write a run: one small file per run and fence, made exclusively, so that of several processes one gets it.
 *
 * Rules:
 *  - claims that say the same are one file under many names (file/tickets.ts): to make one costs a link;
 *  - who takes a run claims the fence after the newest one; a claim is never changed, and stays while the run does, so a
 *    writer learns that it was overtaken by looking for one file, the claim of its fence plus one;
 *  - a claim says nothing about what counts; the record that follows it in the log does. A claim without one (a crash in
 *    between) has changed nothing, and the next taker claims the fence after it;
 *  - a lease lasts until the later of what the claim says and what the heartbeat of its owner says;
 *  - the claims of a deleted run go when no record is left of it and no owner of theirs can still write: under one more
 *    claim, from the first one up. Who makes a claim while that goes on finds that the one before it is gone, or that the
 *    second one is still there, and looks again.
 */
import { join } from 'node:path';
import { isProvablyDead } from '../../src/durability/owner.js';
import type { Claim, Lease, Owner } from '../../src/durability/store.js';
import { discard, exists, listFolder, readText, removeFile, replaceFile } from './disk.js';
import { safeName } from './names.js';
import { isUnreadable, seal, unseal } from './sealed.js';
import { CLAIM_KIND, Tickets } from './tickets.js';

const HEARTBEAT_KIND = 'file-heartbeat';
/** How many files of owners are looked at in one go. */
const MANY = 256;

export class Claims {
  readonly #dir: string;
  readonly #tickets: Tickets;
  readonly #beats = new Map<string, number>();
  readonly #mine = new Set<string>();

  constructor(dir: string) {
    this.#dir = dir;
    this.#tickets = new Tickets((owner) => join(dir, 'owners', safeName(owner.key)));
  }

  /** Lets go of what it links from. */
  close(): void {
    this.#tickets.drop();
  }

  /** A lease of about `ttl` milliseconds, at most a twentieth less: leases that begin together end together. */
  leaseFor({ owner, ttl }: Claim, fence: number, now: number): Lease {
    return { owner: { ...owner }, fence, until: this.#tickets.untilNear(owner, now + ttl, ttl / 20) };
  }

  /** The path of the claims of a run, without the fence. Worth keeping: it takes a hash. */
  stem(id: string): string {
    return join(this.#dir, 'runs', safeName(id));
  }

  isTaken(stem: string, fence: number): boolean {
    return exists(`${stem}.${fence}`);
  }

  /** @param known a fence that was taken for certain, or 0 */
  newestFence(stem: string, known: number): number {
    let fence = known;
    while (this.isTaken(stem, fence + 1)) fence += 1;
    return fence;
  }

  /** @returns false when somebody else has that fence, or a later one */
  take(stem: string, { owner, fence, until }: Lease): boolean {
    this.#mine.add(owner.key);
    if (!this.#tickets.claim(`${stem}.${fence}`, owner, until)) return false;
    return fence > 1 || !this.isTaken(stem, 2);
  }

  /** Takes a claim back that was made on claims which are gone. @returns false when the one before it is there */
  takeBack(stem: string, fence: number): boolean {
    if (fence === 1 || this.isTaken(stem, fence - 1)) return false;
    discard(`${stem}.${fence}`);
    return true;
  }

  /** Whether this owner has claimed anything through this store. */
  isMine(owner: Owner): boolean {
    return this.#mine.has(owner.key);
  }

  /**
   * Removes all claims of a run of which nothing else is left.
   * @param lease of the fence after the newest one
   */
  forget(stem: string, lease: Lease): void {
    if (!this.take(stem, lease)) return;
    if (this.takeBack(stem, lease.fence)) return; // another process has forgotten it, and it may have begun anew
    for (let fence = 1; fence <= lease.fence; fence += 1) removeFile(`${stem}.${fence}`);
  }

  /** The leases under all fences of a run up to this one; those that cannot be read are missing. */
  leases(stem: string, newest: number): Lease[] {
    return Array.from({ length: newest }, (_, i) => this.readable(stem, i + 1)).filter((lease) => lease !== undefined);
  }

  /** The lease under that fence as it stands now; undefined when its claim is gone. */
  lease(stem: string, fence: number): Lease | undefined {
    return this.#lease(stem, fence, (owner) => this.#beatOf(owner));
  }

  /**
   * The same, also where it cannot be read. Such a claim holds nobody up: a machine that died may have left it empty, and
   * its owner, where it lives, is told by its fence that it was overtaken.
   */
  readable(stem: string, fence: number): Lease | undefined {
    try {
      return this.lease(stem, fence);
    } catch (error) {
      if (isUnreadable(error)) return undefined;
      throw error;
    }
  }

  /** The same for many, with one look at the heartbeat of each owner. For one list, then thrown away. */
  reader(): (stem: string, fence: number) => Lease | undefined {
    const beats = new Map<string, number>();
    const beatOf = (owner: Owner): number => {
      const known = beats.get(owner.key) ?? this.#beatOf(owner);
      beats.set(owner.key, known);
      return known;
    };
    return (stem, fence) => this.#lease(stem, fence, beatOf);
  }

  /** Makes all leases of this owner last until then at least. One small write serves all runs that are renewed at once. */
  extend(owner: Owner, until: number): void {
    if ((this.#beats.get(owner.key) ?? 0) >= until) return;
    replaceFile(this.#beatPath(owner), seal(HEARTBEAT_KIND, { owner, until }));
    this.#beats.set(owner.key, until);
  }

  /**
   * Removes the heartbeats of owners that have nothing to say any more, and the tickets that they left behind: an owner
   * that is dead, or has been silent for `silence` milliseconds after the end of its leases. Of very many it looks at
   * some, and at others the next time. What cannot be read is nobody's to remove.
   */
  tidy(now: number, silence: number): void {
    const folder = join(this.#dir, 'owners');
    const names = listFolder(folder);
    const first = now % Math.max(1, names.length);
    for (const name of [...names.slice(first), ...names.slice(0, first)].slice(0, MANY)) {
      const left = leftIn(join(folder, name));
      if (left === undefined || this.isMine(left.owner)) continue;
      const isSilent = left.until < now - silence;
      if (isSilent || (left.until < now && isProvablyDead(left.owner))) discard(join(folder, name));
    }
  }

  #lease(stem: string, fence: number, beatOf: (owner: Owner) => number): Lease | undefined {
    const path = `${stem}.${fence}`;
    const text = readText(path);
    if (text === undefined) return undefined;
    const { owner, until } = unseal(CLAIM_KIND, text, path) as unknown as Lease;
    return { owner, fence, until: Math.max(until, beatOf(owner)) };
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

/** What a heartbeat or a ticket says, also one that was about to be put in its place. */
function leftIn(path: string): Pick<Lease, 'owner' | 'until'> | undefined {
  try {
    const kind = /\.json(?:\.|$)/.test(path) ? HEARTBEAT_KIND : CLAIM_KIND;
    const { owner, until } = unseal(kind, readText(path) ?? '', path) as unknown as Lease;
    return typeof owner.key === 'string' && typeof until === 'number' ? { owner, until } : undefined;
  } catch {
    return undefined;
  }
}
