import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Worker threads run in plain Node, which knows no TypeScript: their files are built, from the sources as they are. */
const builtWorkers: Plugin = {
  name: 'built-workers',
  enforce: 'pre',
  async transform(code, id) {
    const [expression, file] = /new URL\('(\.\/[\w-]+-worker)\.js', import\.meta\.url\)/.exec(code) ?? [];
    if (expression === undefined || file === undefined || !id.endsWith('.ts')) return undefined;
    const outDir = fileURLToPath(new URL('./node_modules/.cache/workers', import.meta.url));
    const output = { entryFileNames: '[name].mjs' };
    const ssr = join(dirname(id), `${file}.ts`);
    await build({
      configFile: false,
      logLevel: 'error',
      build: { ssr, outDir, emptyOutDir: false, rollupOptions: { output } },
    });
    const built = pathToFileURL(join(outDir, `${basename(file)}.mjs`));
    return code.replace(expression, `new URL('${built}')`);
  },
};

// Tests run on the TypeScript sources (export condition "source"), so no build can be stale under them.
export default defineConfig({
  plugins: [builtWorkers],
  // A chroot or container may not know the name localhost, which Vite asks for unless an address is given.
  server: { host: '127.0.0.1' },
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'packages/studio/page/test/**/*.test.ts',
      'test/**/*.test.ts',
      'experiments/**/*.test.ts',
    ],
    reporters: ['default', './test/closing-line-reporter.ts'],
    pool: 'forks',
    // Two workers on two cores, one thread each: more would wait for each other.
    env: { OMP_NUM_THREADS: '1' },
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
