import { describe, it } from 'vitest';
import { storeConformance } from '../../adapters/conformance.js';
import { memoryStore } from '../../adapters/memory.js';

storeConformance({
  name: 'memoryStore',
  runner: { describe, it },
  capabilities: memoryStore().capabilities,
  fresh: (clock) => ({ store: memoryStore({ clock }) }),
});
