// Rule: a process that does to a file store what it is told over IPC, so that tests can kill it for real.
import { fileStore } from '../../../adapters/file.js';
import { wrapFiles } from '../../../adapters/file/operations.js';
import { isProvablyDead, thisOwner } from '../../../src/durability/owner.js';
import { systemClock } from '../../../src/clock/clock.js';
import type { Claim, CreateRequest, Lease, SaveRequest } from '../../../src/durability/store.js';

const [dir = '', user] = process.argv.slice(2);
if (user !== undefined) process.setuid?.(Number(user));
const store = fileStore({ dir });
const claim: Claim = { owner: thisOwner(systemClock), ttl: 600_000, isDead: isProvablyDead };

const COMMANDS = {
  create: (id: string, head: string) => store.create({ ...creation(id), head }),
  acquire: (id: string) => store.acquire(id, claim),
  renew: (id: string, lease: Lease) => store.renew(id, lease, 600_000),
  delete: (id: string) => store.delete(id),
  save: (request: SaveRequest) => store.save(request),
  compact: () => store.compact(),
  /** Ends itself at one of its calls to the file system, or after the last. */
  compactUntil: async (step: number) => {
    let calls = 0;
    const die = (): void => void process.kill(process.pid, 'SIGKILL');
    wrapFiles((inner) => {
      const calling = Object.entries(inner).map(([name, call]) => [
        name,
        (...args: never[]) => {
          calls += 1;
          if (calls === step) die();
          return (call as (...given: never[]) => unknown)(...args);
        },
      ]);
      return Object.fromEntries(calling);
    });
    await store.compact();
    die();
  },
  head: async (id: string) => (await store.load(id))?.head,
  /** Saves as fast as it can, telling of each acknowledged seq, until it is killed. */
  saveForEver: async (id: string, lease: Lease, runs: number) => {
    for (let seq = 2; ; seq += 1) {
      const saves = Array.from({ length: runs }, (_, i) => store.save(saving(`${id}${i}`, seq, lease)));
      await Promise.all(saves);
      process.send?.({ acknowledged: seq });
    }
  },
};

function creation(id: string): CreateRequest {
  const index = { status: 'running', graph: 'flow', due: null } as const;
  return { id, claim, head: '1', parts: new Map([['a', '1']]), events: [], index };
}

function saving(id: string, seq: number, lease: Lease): SaveRequest {
  const { parts, events, index } = { ...creation(id), parts: new Map([[`p${seq % 10}`, String(seq)]]) };
  const flags = { parent: seq - 1, whole: false, release: false, ackInbox: [] };
  return { id, seq, fence: lease.fence, head: String(seq), parts, events: [...events, String(seq)], index, ...flags };
}

process.on('message', (message: { call: keyof typeof COMMANDS; args: never[]; number: number }) => {
  const run = COMMANDS[message.call] as (...args: never[]) => Promise<unknown>;
  run(...message.args).then(
    (value) => process.send?.({ number: message.number, value }),
    (error: unknown) => {
      const { name, message: text, code, hint } = error as Error & { code?: string; hint?: string };
      process.send?.({ number: message.number, error: { name, message: text, code, hint } });
    },
  );
});
process.send?.({ ready: true });
