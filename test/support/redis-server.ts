/**
 * Real Redis servers for tests and benchmarks, which may be stopped, killed and started again.
 *
 * The program comes from the system; where it is missing it is installed, and where that is impossible the run stops
 * with one line that says what to install. Nothing is ever pretended or left out.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface StartRedisOptions {
  /** A free one unless told. */
  readonly port?: number;
  /** A temporary one unless told, gone with `stop`. */
  readonly dir?: string;
  /** `no` unless told: then a restart begins empty. */
  readonly appendonly?: 'no' | 'everysec' | 'always';
  readonly password?: string;
  /** E.g. `3mb`, with nothing evicted. */
  readonly maxmemory?: string;
  /** Any other settings, e.g. `['--cluster-enabled', 'yes']`. */
  readonly settings?: readonly string[];
}

export interface StartedRedis {
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  readonly pid: number;
  /** Ends it in order, and its folder if that is a temporary one. */
  stop(): Promise<void>;
  /** SIGKILL: nothing is written any more. */
  kill(): Promise<void>;
  /** Ends it, in order unless it was killed, and starts it on the same port and folder. */
  restart(): Promise<void>;
}

const PROGRAM = 'redis-server';
const INSTALL = `install ${PROGRAM} (e.g. apt-get install -y redis-server), or set REDIS_URL to a server for tests`;

export async function startRedis(options: StartRedisOptions = {}): Promise<StartedRedis> {
  const program = findProgram();
  const port = options.port ?? (await freePort());
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'engram-redis-'));
  const args = argumentsOf(port, dir, options);
  let child = await launch(program, args, port);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await gone;
  };
  const secret = options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`;
  return {
    url: `redis://${secret}127.0.0.1:${port}`,
    port,
    dir,
    get pid() {
      return child.pid ?? 0;
    },
    stop: async () => {
      await end('SIGTERM');
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    },
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM');
      child = await launch(program, args, port);
    },
  };
}

/** A port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const closed = once(server, 'close');
  server.close();
  await closed;
  return typeof address === 'object' && address !== null ? address.port : freePort();
}

function argumentsOf(port: number, dir: string, options: StartRedisOptions): string[] {
  const { appendonly = 'no', password, maxmemory, settings = [] } = options;
  const kept = appendonly === 'no' ? ['no'] : ['yes', '--appendfsync', appendonly];
  return [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--daemonize', 'no'],
    ...['--appendonly', ...kept, '--logfile', join(dir, 'redis.log'), '--loglevel', 'warning'],
    ...(password === undefined ? [] : ['--requirepass', password]),
    ...(maxmemory === undefined ? [] : ['--maxmemory', maxmemory, '--maxmemory-policy', 'noeviction']),
    ...settings,
  ];
}

async function launch(program: string, args: readonly string[], port: number): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${program} on port ${port} ended with code ${code ?? 'none'}`)));
  });
  // It does not outlive this process, however that ends.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  failed.catch(() => undefined);
  await Promise.race([listens(port), failed]);
  return child;
}

/** Resolves when the server answers: it may be reading its data first. */
async function listens(port: number): Promise<void> {
  for (let isUp = false; !isUp;) {
    isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
      socket.once('data', (data) => {
        socket.destroy();
        resolve(!data.toString().startsWith('-LOADING'));
      });
      socket.once('error', () => resolve(false));
      socket.once('end', () => resolve(false));
    });
    if (!isUp) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

let found: string | undefined;

function findProgram(): string {
  found ??= locate() ?? install() ?? locate();
  if (found === undefined) throw new Error(INSTALL);
  return found;
}

function locate(): string | undefined {
  const runs = (program: string): boolean => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
  return [PROGRAM, `/usr/bin/${PROGRAM}`, `/usr/local/bin/${PROGRAM}`, 'valkey-server'].find(runs);
}

/** As root, or with a sudo that asks for no password. */
function install(): undefined {
  const prefix = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    for (const step of [['update'], ['install', '-y', PROGRAM]]) {
      const [command = '', ...args] = [...prefix, 'apt-get', ...step];
      execFileSync(command, args, { stdio: 'ignore', env });
    }
  } catch {
    throw new Error(INSTALL);
  }
}
