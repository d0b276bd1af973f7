/** Programs that run with an inspector, each in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../..', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param then what is written to it when this resolves */
export async function childProcess(
  file: URL,
  args: readonly string[],
  flags: readonly string[] = [],
  then?: Promise<void>,
): Promise<Ended> {
  const process_ = spawn(process.execPath, [...flags, '--import', 'tsx', fileURLToPath(file), ...args], {
    cwd: project,
  });
  const said = { stdout: '', stderr: '' };
  process_.stdout.on('data', (data) => (said.stdout += String(data)));
  process_.stderr.on('data', (data) => (said.stderr += String(data)));
  void then?.then(() => process_.stdin.write('go on\n'));
  const [code] = (await once(process_, 'close')) as [number | null];
  return { code, ...said };
}

/** A port that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
