/** How a run that is watched is told: a picture on a terminal, lines elsewhere, documents for programs. */
import type { Sight } from './observer.js';

export interface Telling {
  /** Something is new. */
  show(sight: Sight | undefined): void;
  /** The store does not answer, and is asked again. */
  complain(message: string): void;
  /** Nothing more comes. */
  end(): void;
}
