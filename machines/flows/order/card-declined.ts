import { EngramError } from 'engram';

/** The bank said no. It may say yes the next time. */
export class CardDeclinedError extends EngramError {
  readonly code = 'CARD_DECLINED';
  override readonly retryable = true;
  constructor(order: string) {
    super(`the card of order ${order} was declined`, { hint: 'ask the customer for another card' });
  }
}
