/** The colours of the states of a run, readable on light and on dark pages, and beside each other without red and green alone. */
import type { NeuronState } from './progress.js';

export interface Paint {
  readonly fill: string;
  readonly line: string;
  readonly text: string;
}

export const PALETTE: Readonly<Record<NeuronState, Paint>> = {
  settled: { fill: '#dafbe1', line: '#1a7f37', text: '#116329' },
  running: { fill: '#ddf4ff', line: '#0969da', text: '#0550ae' },
  waiting: { fill: '#fff8c5', line: '#9a6700', text: '#7d4e00' },
  failed: { fill: '#ffebe9', line: '#cf222e', text: '#a40e26' },
  aborted: { fill: '#fff1e5', line: '#bc4c00', text: '#953800' },
  undone: { fill: '#eaeef2', line: '#6e7781', text: '#424a53' },
};

/** Of the two places that a reader looks for first: where it is safe to die, and what it waits for. */
export const MILESTONE_PAINT: Paint = { fill: '#fbefff', line: '#8250df', text: '#512a97' };
export const OUTSIDE_PAINT: Paint = PALETTE.waiting;

/** Of what carries signals: places, bars and arrows. */
export const INK = '#57606a';
