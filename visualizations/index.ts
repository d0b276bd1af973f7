/** Pictures of flows, and of where a run of them stands. */
export { toDot } from './dot.js';
export { toMermaid } from './mermaid.js';
export type { DrawingOptions } from './options.js';
export { getPicture } from './picture.js';
export type { Arrow, NeuronNode, Picture, PictureNode, PictureOptions, PlaceNode } from './picture.js';
export type { NeuronProgress, RunProgress } from './progress.js';
export { readProgress } from './read-progress.js';
export { toStately } from './stately.js';
export { toSvg } from './svg.js';
