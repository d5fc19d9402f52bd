import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createModel } from '../models/registry.js';
import { modelHash } from '../patches/model-hash.js';
import { createRun, openRun, type RunConfig, runFiles } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-run-'));
afterAll(() => rmSync(folder, { recursive: true }));

const config: RunConfig = {
  version: 1,
  dataset: 'fashion-mnist',
  classes: ['a', 'b', 'c'],
  shape: [1, 28, 28],
  normalization: { mean: [0.5], std: [0.25] },
  model: { kind: 'cifar-resnet18', width: 2, inChannels: 1, classes: 3, extra: 4 },
  training: null,
};

describe('openRun', () => {
  it('opens a run whose configuration calls the form for small images resnet18, as the same model', () => {
    const model = createModel(config.model);
    createRun(folder, config, model);
    const path = join(folder, runFiles.config);
    const earlier = readFileSync(path, 'utf8').replace('"cifar-resnet18"', '"resnet18"');
    expect(JSON.parse(earlier)).toMatchObject({ model: { kind: 'resnet18', width: 2 } });
    writeFileSync(path, earlier);
    const opened = openRun(folder);
    expect(opened.config).toEqual(config);
    expect(modelHash(opened.model)).toBe(modelHash(model));
  });
});
