import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createModel } from '../models/registry.js';
import { modelHash } from '../patches/model-hash.js';
import { defaultTraining } from '../training/settings.js';
import { readRunConfig } from './read-config.js';
import { createRun, openRun } from './run.js';
import type { RunConfig } from './run-config.js';
import { runFiles } from './run-files.js';

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

describe('readRunConfig', () => {
  const written = { ...config, training: defaultTraining };
  const read = (value: unknown): unknown => {
    writeFileSync(join(folder, runFiles.config), JSON.stringify(value));
    return readRunConfig(folder);
  };

  it('reads what was written, with settings that it does not know', () => {
    const newer = { ...written, training: { ...defaultTraining, warmUp: 3 } };
    expect(read(newer)).toEqual(newer);
  });

  it.each([
    ['a text for a number', { training: { ...defaultTraining, epochs: 'three' } }, 'training.epochs: expected number'],
    ['no classes', { classes: [] }, 'classes: Too small'],
    ['a network that is not here', { model: { kind: 'alexnet' } }, 'model.kind:'],
    [
      'an editor that is not here',
      { training: { ...defaultTraining, editor: { name: 'x' } } },
      'training.editor.name:',
    ],
    ['another version', { version: 2 }, 'version: expected 1'],
    ['another task', { task: 'speech' }, 'expected one of the tasks image-classification, translation'],
  ])('says where %s is', (_, change, expected) => {
    expect(() => read({ ...written, ...change })).toThrow(expected);
    expect(() => read({ ...written, ...change })).toThrow(expect.objectContaining({ code: 'INVALID_RUN' }));
  });

  it('refuses every field that is of another kind, and nothing else happens', () => {
    const wrong = [null, 5, 'text', [], {}, true];
    const refused = Object.keys(config).flatMap((name) => wrong.map((value) => outcome({ ...written, [name]: value })));
    expect(new Set(refused)).toEqual(new Set(['INVALID_RUN', 'read']));
    // An imported run has no training, and a program's own data set has any name.
    expect(refused.filter((each) => each === 'read')).toHaveLength(2);
  });

  const outcome = (value: unknown): unknown => {
    try {
      read(value);
      return 'read';
    } catch (error) {
      return (error as { readonly code?: unknown }).code ?? error;
    }
  };

  it.each([null, 5, 'text', []])('refuses the JSON %j', (value) => {
    expect(() => read(value)).toThrow(expect.objectContaining({ code: 'INVALID_RUN' }));
  });
});
