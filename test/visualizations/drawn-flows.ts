/** Every flow of `machines/flows/`, with what its module exports. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AnyCollateral, CNS } from 'engram';
import { oddFlow } from './odd-flow.js';

const folder = new URL('../../machines/flows/', import.meta.url);

/** Without the extension. */
export const flowNames = readdirSync(fileURLToPath(folder))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -'.ts'.length));

export interface DrawnFlow {
  readonly cns: CNS;
  readonly entry?: AnyCollateral | Readonly<Record<string, AnyCollateral>>;
}

export async function flowOf(name: string): Promise<Required<DrawnFlow>> {
  const module = (await import(new URL(`${name}.ts`, folder).href)) as {
    createCns(host: object): CNS;
    entry: AnyCollateral;
  };
  return { cns: module.createCns({}), entry: module.entry };
}

/** All of them, and one with all that a picture can show. */
export const drawnFlows: readonly (readonly [name: string, load: () => Promise<DrawnFlow>])[] = [
  ...flowNames.map((name) => [name, () => flowOf(name)] as const),
  ['odd', async () => ({ cns: oddFlow() })],
];
