/** What `npm run check` says of imports, on small trees of files under the repository's own configuration. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'editable-imports-'));
afterAll(() => rmSync(folder, { recursive: true }));

function lint(name: string, files: Readonly<Record<string, string>>): { passes: boolean; output: string } {
  const tree = join(folder, name);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), `${text}\n`);
  };
  write('.gitignore', 'dist/');
  copyFileSync(join(root, 'biome.json'), join(tree, 'biome.json'));
  for (const [path, text] of Object.entries(files)) write(path, text);
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/biome'), ['lint', '.'], {
    cwd: tree,
    encoding: 'utf8',
  });
  return { passes: status === 0, output: stdout + stderr };
}

describe('npm run check', () => {
  it('refuses a cycle of files and names it, type-only and dynamic imports too', () => {
    const { passes, output } = lint('cycle', {
      'packages/torch/src/a.ts': "import type { B } from './b.js';\nexport type A = B | number;",
      'packages/torch/src/b.ts': "export * from './c.generated.js';\nexport type B = string;",
      'packages/torch/src/c.generated.ts': "export const load = (): Promise<unknown> => import('./a.js');",
    });
    expect(passes).toBe(false);
    expect(output).toMatch(/a\.ts:1:24 lint\/suspicious\/noImportCycles/);
    expect(output.replace(/\s+/g, ' ')).toContain(
      'resolves to packages/torch/src/b.ts ... which imports packages/torch/src/c.generated.ts ... which imports packages/torch/src/a.ts',
    );
  });

  it.each([
    ['packages/torch/src/x.ts', 'editable'],
    ['packages/torch/src/x.test.ts', '@editable/cli'],
    ['packages/editable/src/data/x.ts', '@editable/charts'],
    ['packages/editable/src/runs/x.ts', '@editable/workspace'],
    ['packages/workspace/src/jobs/x.ts', '@editable/cli'],
    ['packages/workspace/src/jobs/x.ts', '@editable/charts'],
    ['packages/workspace/src/jobs/x.ts', '@editable/studio'],
    ['packages/studio/src/server/x.ts', '@editable/cli'],
    ['packages/studio/page/src/x.ts', '../../../workspace/src/index.js'],
    ['packages/cli/src/commands/x.ts', '../../../workspace/src/jobs/repair.js'],
    ['packages/editable/src/data/x.ts', '../../../torch/src/tensor.js'],
    ['packages/cli/src/x.ts', '@editable/experiments'],
    ['packages/charts/src/x.ts', '@editable/workspace'],
    ['packages/cli/src/x.ts', 'editable/dist/errors.js'],
    ['packages/charts/src/x.ts', '@editable/torch'],
    ['packages/text/src/x.ts', '@editable/torch'],
    ['packages/text/src/x.test.ts', 'editable'],
    ['packages/torch/src/x.ts', '@editable/text'],
    ['experiments/table-1/x.ts', '../../packages/editable/dist/index.js'],
    ['benchmarks/x.mjs', '../packages/torch/src/scope.js'],
    ['examples/x.ts', '@editable/torch/src/scope.js'],
  ])('refuses, in %s, an import of %s', (file, name) => {
    const { passes, output } = lint('direction', { [file]: `export * from '${name}';` });
    rmSync(join(folder, 'direction'), { recursive: true });
    expect(output).toContain('Imports go one way, torch ← editable ← workspace ← studio ← cli');
    expect(passes).toBe(false);
  });

  it('takes what goes one way', () => {
    const { passes, output } = lint('fine', {
      'packages/torch/src/a.ts': 'export const a = 1;',
      'packages/torch/test/a.test.ts': "export * from '@editable/torch';\nexport * from '../src/a.js';",
      'packages/editable/src/data/b.ts': "export * from '@editable/torch';\nexport * from './index.js';",
      'packages/workspace/src/jobs/e.ts': "export * from 'editable';\nexport * from '@editable/torch';",
      'packages/studio/src/server/g.ts': "export * from '@editable/workspace';\nexport * from 'editable';",
      'packages/studio/page/src/h.ts':
        "export * from '@editable/studio/api';\nexport * from '@editable/charts/specifications';",
      'packages/cli/src/i.ts': "export * from '@editable/studio';",
      'packages/cli/src/f.ts': "export * from '@editable/workspace';\nexport * from '@editable/charts';",
      'packages/editable/src/tasks/b.ts': "export * from '@editable/text';",
      'packages/cli/bin/editable.js': "export * from '../dist/main.js';",
      'packages/cli/src/c.ts': "export * from 'editable/network-names';\nexport * from '@editable/torch';",
      'experiments/d.ts': "export * from '@editable/charts';\nexport * from '@editable/charts/specifications';",
      'examples/e.ts': "export * from 'editable';",
    });
    expect(output).not.toContain('noRestrictedImports');
    expect(passes).toBe(true);
  });
});
