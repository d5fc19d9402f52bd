import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualSeed, modelOf, nn, randint, randn } from '@editable/torch';
import { afterAll, describe, expect, it } from 'vitest';
import { hasFashionMnist } from '../../test/small-classifier.js';
import { loadDataset } from '../data/index.js';
import { EditableError } from '../errors.js';
import { readRunConfig } from '../runs/read-config.js';
import { runConfig } from '../runs/run-config.js';
import { imageClassification } from '../tasks/image-classification.js';
import { requireFaster, stepTimes } from './precision.js';
import { claimFolder, isFinished } from './run-folder.js';
import { defaultTraining } from './settings.js';
import { trainRun } from './train-run.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-precision-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('requireFaster', () => {
  it('refuses bfloat16 where it takes as long, with both times', () => {
    expect(() => requireFaster({ float32: 350.4, bfloat16: 349 })).not.toThrow();
    expect(() => requireFaster({ float32: 350.4, bfloat16: 2104 })).toThrow(
      'precision: expected a processor that is faster in bfloat16; here a step of this training takes 2100 ms in it and 350 ms in float32. Train in float32.',
    );
  });
});

describe('stepTimes', () => {
  it('times a step both ways, and leaves the model as it is', () => {
    manualSeed(0);
    const model = modelOf(new nn.Sequential([new nn.Linear(6, 4), new nn.Linear(4, 3)]));
    const before = [...model.parameters].map(([name, value]) => [name, value.clone()] as const);
    const batch = { input: randn([8, 6]), target: randint(3, [8], { dtype: 'int64' }) };
    const { float32, bfloat16 } = stepTimes(imageClassification, model, batch);
    expect(Math.min(float32, bfloat16)).toBeGreaterThan(0);
    for (const [name, value] of before) expect(model.parameters.get(name)!.equal(value)).toBe(true);
  });
});

describe('trainRun', () => {
  it.skipIf(!hasFashionMnist)('trains in bfloat16, or says that it is slower here and writes nothing', async () => {
    const dataset = await loadDataset('fashion-mnist');
    const spec = { kind: 'cifar-resnet18', width: 4, inChannels: 1, classes: 10 } as const;
    const training = { ...defaultTraining, objective: 'plain', epochs: 1, trainImages: 512 } as const;
    const run = join(folder, 'run');
    const config = runConfig(dataset, spec, { ...training, precision: 'bfloat16' });
    try {
      const { model } = await trainRun(run, config, dataset);
      expect(new Set([...model.parameters.values()].map(({ dtype }) => dtype))).toEqual(new Set(['float32']));
      expect(readRunConfig(run).training!.precision).toBe('bfloat16');
    } catch (error) {
      expect(error).toBeInstanceOf(EditableError);
      expect((error as EditableError).message).toMatch(/Train in float32/);
      expect(existsSync(run)).toBe(false);
    }
  });

  it.skipIf(!hasFashionMnist)('goes on with a run that was begun in bfloat16, however fast it is by now', async () => {
    const dataset = await loadDataset('fashion-mnist');
    const spec = { kind: 'cifar-resnet18', width: 2, inChannels: 1, classes: 10 } as const;
    const training = { ...defaultTraining, objective: 'plain', epochs: 1, trainImages: 256 } as const;
    const run = join(folder, 'begun');
    const config = runConfig(dataset, spec, { ...training, precision: 'bfloat16' });
    claimFolder(run, config, readRunConfig);
    await trainRun(run, config, dataset);
    expect(isFinished(run)).toBe(true);
  });
});
