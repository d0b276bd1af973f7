// Rule: tests import the library by its public name and run on the sources; only CLI tests run the build.
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
const report = process.env['ENGRAM_TEST_REPORT'];

export default defineConfig({
  root,
  resolve: {
    alias: [
      { find: /^engram$/, replacement: `${root}src/index.ts` },
      { find: /^engram\/worker$/, replacement: `${root}src/worker/index.ts` },
      { find: /^engram\/testing$/, replacement: `${root}src/testing/index.ts` },
      { find: /^engram\/machines$/, replacement: `${root}machines/index.ts` },
      { find: /^engram\/visualizations$/, replacement: `${root}visualizations/index.ts` },
      { find: /^engram\/inspector$/, replacement: `${root}src/inspector/index.ts` },
      { find: /^engram\/adapters\/([\w-]+)$/, replacement: `${root}adapters/$1.ts` },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts', 'test/support/shared-redis.ts'],
    pool: 'forks',
    // a file for each core: most of them wait for disks, servers and other processes half of their time
    maxWorkers: availableParallelism(),
    // what hangs is to end some day; how fast a test is says the machine
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    typecheck: {
      enabled: true,
      include: ['test/types/**/*.test-d.ts'],
      tsconfig: '.config/tsconfig.types.json',
    },
  },
});
