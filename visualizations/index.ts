/** Pictures of flows. */
export { toMermaid } from './mermaid.js';
