import { defineConfig } from 'vitest/config';

// Tests run on the TypeScript sources (export condition "source"), so no build can be stale under them.
export default defineConfig({
  // A chroot or container may not know the name localhost, which Vite asks for unless an address is given.
  server: { host: '127.0.0.1' },
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'test/**/*.test.ts',
      'experiments/**/*.test.ts',
    ],
    reporters: ['default', './test/closing-line-reporter.ts'],
    pool: 'forks',
    // Two workers on two cores, one thread each: more would wait for each other.
    env: { OMP_NUM_THREADS: '1' },
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
