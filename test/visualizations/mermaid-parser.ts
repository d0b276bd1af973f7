/** Mermaid's own parser. It asks for a browser's window, to clean what people have written. */
import { JSDOM } from 'jsdom';

const { window } = new JSDOM();
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import('mermaid');

export interface ParsedFlowchart {
  /** Label by id. */
  readonly nodes: Readonly<Record<string, string>>;
  readonly arrows: readonly (readonly [from: string, label: string, to: string])[];
  /** Classes by id of the node. */
  readonly classes: Readonly<Record<string, readonly string[]>>;
}

interface FlowDb {
  getVertices(): Map<string, { readonly id: string; readonly text?: string; readonly classes: readonly string[] }>;
  getEdges(): readonly { readonly start: string; readonly end: string; readonly text: string }[];
}

/** @throws what Mermaid throws for what it cannot read */
export async function parseFlowchart(text: string): Promise<ParsedFlowchart> {
  await mermaid.parse(text); // knows the kinds of diagrams from then on
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else of Mermaid's gives what was read
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  const { getVertices, getEdges } = db as unknown as FlowDb;
  const vertices = [...getVertices.call(db).values()];
  return {
    nodes: Object.fromEntries(vertices.map(({ id, text: label = '' }) => [id, label])),
    arrows: getEdges.call(db).map(({ start, end, text: label }) => [start, label, end] as const),
    classes: Object.fromEntries(vertices.map(({ id, classes }) => [id, classes])),
  };
}

/** What kind of diagram it is. @throws what Mermaid throws for what it cannot read */
export const kindOf = async (text: string): Promise<string> => (await mermaid.parse(text)).diagramType;
