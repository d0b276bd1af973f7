/** Every flow of `machines/flows/`, with what its module exports. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AnyCollateral, CNS } from 'engram';

const folder = new URL('../../machines/flows/', import.meta.url);

/** Without the extension. */
export const flowNames = readdirSync(fileURLToPath(folder))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -'.ts'.length));

export interface DrawnFlow {
  readonly cns: CNS;
  readonly entry: AnyCollateral | Readonly<Record<string, AnyCollateral>>;
}

export async function flowOf(name: string): Promise<DrawnFlow> {
  const module = (await import(new URL(`${name}.ts`, folder).href)) as {
    createCns(host: object): CNS;
    entry: DrawnFlow['entry'];
  };
  return { cns: module.createCns({}), entry: module.entry };
}
