import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { storeConformance } from '../../adapters/conformance.js';
import { fileStore } from '../../adapters/file.js';

for (const fsync of [true, false]) {
  storeConformance({
    name: `fileStore with fsync: ${fsync}`,
    runner: { describe, it },
    fresh: (clock) => {
      const parent = mkdtempSync(join(tmpdir(), 'engram-file-'));
      const open = () => fileStore({ dir: join(parent, 'store'), fsync, clock });
      return { store: open(), again: open, dispose: () => rmSync(parent, { recursive: true, force: true }) };
    },
  });
}
