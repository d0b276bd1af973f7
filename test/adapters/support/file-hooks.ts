/** What a directory of the file store offers to the conformance suite beside its store. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Hook, Subject } from '../../../adapters/conformance.js';

const WRITER = fileURLToPath(new URL('./file-writer.ts', import.meta.url));
/** Within the last record, whatever it holds. */
const TORN_OFF = 10;

export function fileHooks(dir: string, fsync: boolean): Required<Pick<Subject, Hook>> {
  return {
    kill: async (heard) => {
      const child = fork(WRITER, [dir, String(fsync)], { execArgv: ['--import', 'tsx'] });
      const gone = once(child, 'exit');
      child.on('message', (note: Parameters<typeof heard>[0]) => {
        if (heard(note)) child.kill('SIGKILL');
      });
      await gone;
    },
    tear: () => {
      const logs = readdirSync(join(dir, 'logs')).map((name) => join(dir, 'logs', name));
      const [newest = ''] = logs.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
      truncateSync(newest, statSync(newest).size - TORN_OFF);
    },
  };
}
