/** How much of a flow some paths take, as data. */
import type { Finding } from './findings.js';

export interface Missed {
  readonly name: string;
  readonly why: string;
}

export interface CoverageOf {
  readonly covered: readonly string[];
  readonly missed: readonly Missed[];
  readonly total: number;
  /** 0 to 100, rounded down; 100 where there is nothing to cover. */
  readonly percent: number;
}

export type Covered = 'neurons' | 'dendrites' | 'collaterals' | 'transitions';

export interface Coverage extends Readonly<Record<Covered, CoverageOf>> {
  /** Of the wiring, whatever the paths are. */
  readonly findings: readonly Finding[];
  /** Why there may be paths that were not looked at. */
  readonly truncated: readonly string[];
  /** For people, in some lines. */
  toString(): string;
}

/** The least percentage of each that is to be covered. */
export type CoverageThresholds = Readonly<Partial<Record<Covered, number>>>;
