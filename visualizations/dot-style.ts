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

/** From here on the layout is a good one, and no longer the best: that would take minutes. */
const MANY_ARROWS = 300;

/** Source of the options: E. Gansner and others, A technique for drawing directed graphs (1993), and Graphviz's manual. */
export const bounds = (arrows: number): Readonly<Record<string, string | number>> =>
  arrows < MANY_ARROWS ? {} : { nslimit: 0.5, nslimit1: 0.5, mclimit: 0.1, splines: 'line' };
