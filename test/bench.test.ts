/** The benchmark's command line: one JSON document, and one sentence where it cannot run. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const hasPytorch = ['python3', '/usr/bin/python3'].some((each) => spawnSync(each, ['-c', 'import torch']).status === 0);
// It runs the built packages, as their users do.
const isBuilt = existsSync(new URL('../packages/editable/dist/index.js', import.meta.url));

function bench(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const env = { ...process.env, ...environment };
  return spawnSync(process.execPath, ['benchmarks/main.mjs', ...args], { cwd: root, encoding: 'utf8', env });
}

describe.skipIf(!isBuilt)('npm run bench', () => {
  it.skipIf(!hasPytorch)('prints one JSON document of rows beside PyTorch with --json', () => {
    const { status, stdout, stderr } = bench(['--quick', '--rows', 'small-op', '--json']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { rows, machine, versions, commit } = JSON.parse(stdout);
    expect(rows).toHaveLength(1);
    const [{ ours, pytorch, pytorchTuned, ratio, ratioTuned, ok, ...row }] = rows;
    expect(row).toMatchObject({ name: 'small-op', unit: 'ms', goal: 1.5, goalTuned: 1.5 });
    for (const time of [ours, pytorch, pytorchTuned]) expect(time).toBeGreaterThan(0);
    expect([ratio, ratioTuned]).toEqual([ours / pytorch, ours / pytorchTuned]);
    expect(ok).toBe(ratio <= 1.5 && ratioTuned <= 1.5);
    expect(machine.cores).toBeGreaterThan(0);
    expect(versions).toMatchObject({ node: process.versions.node, libtorch: expect.any(String) });
    expect(commit).toMatch(/^[0-9a-f]{12}|unknown$/);
  });

  it('says in one sentence what it takes where there is no PyTorch', () => {
    const { status, stdout, stderr } = bench(['--quick', '--rows', 'small-op'], { PYTHON: '/nowhere/python3' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe(
      'bench: no PyTorch to compare with: /nowhere/python3 cannot import torch. Install it (Debian: apt-get install python3-torch) or name a Python that has it in PYTHON.\n',
    );
  });

  it('names the rows there are where one is unknown', () => {
    const { status, stderr } = bench(['--rows', 'fast-op']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^bench: there is no row "fast-op"\. Usage: .*\nRows: small-op, train-step/);
  });
});
