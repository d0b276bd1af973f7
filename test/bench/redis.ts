/** A Redis server for the benchmark alone: its own program on a free port, gone with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

export interface BenchRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** @param dir for its log, which is written to the disk once a second */
export async function startRedis(dir: string): Promise<BenchRedis> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  const closed = once(probe, 'close');
  probe.close();
  await closed;
  const args = ['--port', String(port), '--dir', dir, '--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const failed = once(child, 'exit').then(() => {
    throw new Error('redis-server did not start: install it, e.g. apt-get install -y redis-server');
  });
  const isUp = (async () => {
    for await (const text of child.stdout.setEncoding('utf8')) {
      if (String(text).includes('Ready to accept connections')) break;
    }
  })();
  await Promise.race([isUp, failed]);
  failed.catch(() => undefined);
  child.stdout.destroy();
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill();
      await gone;
    },
  };
}
