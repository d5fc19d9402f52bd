/** The studio's page, built once: `node scripts/setup.mjs` runs `vite build` here where a source has changed. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const source = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Comments that Rollup cannot place are no fault of the page. */
const onwarn = (warning, warn) => {
  if (warning.code !== 'INVALID_ANNOTATION') warn(warning);
};

export default defineConfig({
  base: './',
  esbuild: { jsx: 'automatic' },
  resolve: {
    alias: {
      '@editable/charts/specifications': source('../../charts/src/specifications/index.ts'),
      '@editable/studio/api': source('../src/api/index.ts'),
    },
  },
  // Vega alone is 700 KB; it is loaded where a figure is shown.
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 1200,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { onwarn },
  },
  server: { host: '127.0.0.1', proxy: { '/api': 'http://127.0.0.1:8080', '/v2': 'http://127.0.0.1:8080' } },
});
