/**
 * The books of a shop: a line for everything that was done; in a file a line of JSON, in `ledger.jsonl`. May be killed
 * anywhere and done again: each line has a key, what is entered already is not entered twice, and a line that a kill has
 * torn counts as not entered.
 */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Order } from './request.js';

export interface LedgerLine {
  /** The id of the activation that did it: the same however often that is done again. */
  readonly key: string;
  readonly did: 'reserved' | 'charged' | 'shipped' | 'released' | 'refunded';
  readonly order: string;
  readonly amount: number;
  readonly approvedBy?: string;
  /** The key of the line that this one makes up for. */
  readonly undoes?: string;
}

const fileIn = (directory: string): string => join(directory, 'ledger.jsonl');

/** Where a shop enters what it did. */
export interface Ledger {
  /** Resolves when the line stands in the ledger of this name, now or since an earlier call with the same key. */
  enter(name: string, line: LedgerLine): Promise<void>;
}

/** Who enters something. */
export interface Entering {
  readonly activationId: string;
  readonly undoes: string | undefined;
  readonly global?: Ledger;
}

/** Resolves when what was done for an order stands in its ledger. */
export function enter(order: Order, by: Entering, did: LedgerLine['did']): Promise<void> {
  const { activationId: key, undoes, global = ledgerInFile } = by;
  const { order: number, amount, approvedBy } = order;
  const more = { ...(approvedBy === undefined ? {} : { approvedBy }), ...(undoes === undefined ? {} : { undoes }) };
  return global.enter(order.ledger, { key, did, order: number, amount, ...more });
}

/** Its name is a directory. A line stands in it when it is on the disk. */
export const ledgerInFile: Ledger = {
  async enter(directory, line) {
    const text = await textOf(directory);
    if (linesOf(text).some(({ key }) => key === line.key)) return;
    await mkdir(directory, { recursive: true });
    const torn = text === '' || text.endsWith('\n') ? '' : '\n';
    await appendFile(fileIn(directory), `${torn}${JSON.stringify(line)}\n`, { flush: true });
  },
};

/** One that ends with its process, for tests. */
export class LedgerInMemory implements Ledger {
  readonly lines: LedgerLine[] = [];

  async enter(_name: string, line: LedgerLine): Promise<void> {
    if (!this.lines.some(({ key }) => key === line.key)) this.lines.push(line);
  }
}

/** What was entered, oldest first. */
export const readLedger = async (directory: string): Promise<LedgerLine[]> => linesOf(await textOf(directory));

async function textOf(directory: string): Promise<string> {
  try {
    return await readFile(fileIn(directory), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function linesOf(text: string): LedgerLine[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as LedgerLine];
    } catch {
      return []; // torn
    }
  });
}
