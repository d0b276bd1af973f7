/**
 * What claims are made of: a file that says who claims and until when, of which every claim that says the same is one
 * more name. A hard link is made whole or not at all, and never over another file, which is all that a claim needs; it
 * costs a fiftieth of a file of its own. Where a file system knows no links, or will make no more of them, a claim is a
 * file of its own or the first of a new ticket.
 */
import type { Owner } from '../../src/durability/store.js';
import { addName, createExclusive, createTemporary, discard } from './disk.js';
import { seal } from './sealed.js';

export const CLAIM_KIND = 'file-claim';

interface Ticket {
  readonly path: string;
  readonly until: number;
}

export class Tickets {
  readonly #pathOf: (owner: Owner) => string;
  readonly #tickets = new Map<string, Ticket>();

  /** @param pathOf where the tickets of an owner stand; more is put behind it */
  constructor(pathOf: (owner: Owner) => string) {
    this.#pathOf = pathOf;
  }

  /** `until`, or what the present ticket says where that is at most `slack` before it. */
  untilNear({ key }: Owner, until: number, slack: number): number {
    const known = this.#tickets.get(key)?.until ?? -Infinity;
    return known <= until && until - known <= slack ? known : until;
  }

  /** @returns false when there is a file of that name already */
  claim(path: string, owner: Owner, until: number): boolean {
    const text = seal(CLAIM_KIND, { owner, until });
    for (let isNew = false; !isNew;) {
      const ticket = this.#tickets.get(owner.key);
      isNew = ticket?.until !== until;
      const from = ticket === undefined || isNew ? this.#renew(owner, until, text) : ticket.path;
      const done = addName(from, path);
      if (done !== undefined) return done;
      this.#tickets.delete(owner.key); // gone, or it can have no more names
      discard(from);
    }
    return createExclusive(path, text);
  }

  drop(): void {
    for (const { path } of this.#tickets.values()) discard(path);
    this.#tickets.clear();
  }

  #renew(owner: Owner, until: number, text: string): string {
    const before = this.#tickets.get(owner.key);
    const path = createTemporary(this.#pathOf(owner), text);
    this.#tickets.set(owner.key, { path, until });
    if (before !== undefined) discard(before.path);
    return path;
  }
}
