/** What a shop is asked for, and the order that becomes of it. */
import { resolve } from 'node:path';
import type { Duration } from 'engram';
import { z } from 'zod';

export const orderRequest = z.object({
  /** The order's number. */
  order: z.string().min(1),
  /** What it costs. */
  amount: z.number().positive(),
  /** The directory of the shop's ledger; made when it is not there. */
  ledger: z.string().min(1),
  /** What may be charged without asking anybody; 1,000 unless told. */
  limit: z.number().min(0).optional(),
  /** How long a person has to approve what is above the limit, e.g. '2h'; a week unless told. */
  within: z
    .templateLiteral([z.number(), z.enum(['ms', 's', 'm', 'h', 'd', 'w'])])
    .refine((text) => !text.startsWith('-'), 'there is no going back in time')
    .optional(),
  /** How often the card is declined before it is accepted. */
  declines: z.int().min(0).optional(),
  /** Nobody carries parcels today. */
  strike: z.boolean().optional(),
});

export type OrderRequest = z.infer<typeof orderRequest>;

export const approval = z.object({
  /** Who approves. */
  by: z.string().min(1),
});

export interface Order {
  readonly order: string;
  readonly amount: number;
  readonly ledger: string;
  readonly limit: number;
  readonly within: Duration;
  readonly declines: number;
  readonly strike: boolean;
  /** Set when somebody was asked. */
  readonly approvedBy?: string;
}

/** Whoever goes on with the order may stand in another directory. */
export function orderOf(request: OrderRequest): Order {
  const { order, amount, ledger, limit = 1000, within = '7d', declines = 0, strike = false } = request;
  return { order, amount, ledger: resolve(ledger), limit, within, declines, strike };
}
