import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { storeConformance } from '../../adapters/conformance.js';
import { fileStore } from '../../adapters/file.js';
import { fileHooks } from './support/file-hooks.js';

for (const fsync of [true, false]) {
  storeConformance({
    name: `fileStore with fsync: ${fsync}`,
    runner: { describe, it },
    hooks: ['kill', 'tear'],
    fresh: (clock) => {
      const parent = mkdtempSync(join(tmpdir(), 'engram-file-'));
      const dir = join(parent, 'store');
      const open = () => fileStore({ dir, fsync, clock });
      return {
        store: open(),
        again: open,
        ...fileHooks(dir, fsync),
        dispose: () => rmSync(parent, { recursive: true, force: true }),
      };
    },
  });
}
