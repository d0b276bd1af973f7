/**
 * The books of a shop: a line of JSON for everything that was done, in `ledger.jsonl`. May be killed anywhere and done
 * again: each line has a key, what is entered already is not entered twice, and a line that a kill has torn counts as
 * not entered.
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

/** Who enters something. */
export interface Entering {
  readonly activationId: string;
  readonly undoes: string | undefined;
}

/** Resolves when what was done for an order is on the disk, now or since an earlier call of the same activation. */
export async function enter(given: Order, { activationId, undoes }: Entering, did: LedgerLine['did']): Promise<void> {
  const { ledger, order, amount, approvedBy } = given;
  const text = await textOf(ledger);
  if (linesOf(text).some(({ key }) => key === activationId)) return;
  await mkdir(ledger, { recursive: true });
  const torn = text === '' || text.endsWith('\n') ? '' : '\n';
  const line = { key: activationId, did, order, amount, approvedBy, undoes }; // undefined is not written
  await appendFile(fileIn(ledger), `${torn}${JSON.stringify(line)}\n`, { flush: true });
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
