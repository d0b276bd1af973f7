/** What all pictures made by Graphviz have in common. */
import { INK } from './palette.js';

/** Of all that is written; what a browser falls back to is about as wide. */
const FONT = 'Helvetica,Arial,sans-serif';

export const GRAPH = {
  bgcolor: 'transparent',
  fontname: FONT,
  fontsize: 13,
  fontcolor: INK,
  pad: 0.2,
  nodesep: 0.35,
  ranksep: 0.45,
} as const;
export const NODE = {
  shape: 'box',
  style: 'rounded,filled',
  fillcolor: '#ffffff',
  color: INK,
  fontcolor: '#24292f',
  fontname: FONT,
  fontsize: 13,
  margin: '0.2,0.09',
  height: 0.4,
} as const;
export const EDGE = { color: INK, fontcolor: INK, fontname: FONT, fontsize: 11, arrowsize: 0.7 } as const;

/**
 * From so many arrows on the layout is a good one, and no longer the best, which would take minutes; then a fair one.
 * Source: E. Gansner and others, A technique for drawing directed graphs (1993), and Graphviz's manual.
 */
const [MANY_ARROWS, TOO_MANY] = [300, 5000];

export function bounds(arrows: number): Readonly<Record<string, string | number>> {
  if (arrows < MANY_ARROWS) return {};
  if (arrows < TOO_MANY) return { nslimit: 0.5, nslimit1: 0.5, mclimit: 0.1, splines: 'line' };
  return { nslimit: 0.1, nslimit1: 0.1, mclimit: 0.01, splines: 'line' };
}
