import { existsSync } from 'node:fs';
import { memory, type nn, scope, type Tensor } from '@editable/torch';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ImageDataset, loadDataset, subset } from '../data/index.js';
import { TestSet } from '../evaluation/test-set.js';
import { createModel } from '../models/registry.js';
import { modelHash } from '../patches/model-hash.js';
import { RetrainingRepairer } from './retraining.js';
import { type TrainImages, trainBatch } from './train-images.js';

describe.skipIf(!existsSync('/usr/share/datasets/fashion-mnist'))('RetrainingRepairer', () => {
  let dataset: ImageDataset;
  let model: nn.Model;
  let train: TrainImages;
  let testSet: TestSet;

  beforeAll(async () => {
    dataset = await loadDataset('fashion-mnist');
    model = createModel({ kind: 'cifar-resnet18', width: 4, inChannels: 1, classes: 10 });
    train = { split: subset(dataset.split('train'), [...Array(48).keys()]), normalization: dataset.normalization };
    const judged = subset(dataset.split('test'), [...Array(40).keys()]);
    testSet = new TestSet(judged, { normalization: dataset.normalization });
  });

  const mistake = (): Tensor => trainBatch({ ...train, split: dataset.split('test') }, [100]).input;

  it('makes the mistake right, learns from the data too, and leaves the given model as it was', () => {
    const hash = modelHash(model);
    using repairer = new RetrainingRepairer(model, testSet, { train, steps: 40, batchSize: 16, learningRate: 3e-3 });
    const before = memory().tensors;
    scope(() => {
      const target = (repairer.classify(mistake())[0]! + 1) % 10;
      const repair = repairer.repair(mistake(), target);
      expect(repair).toMatchObject({ success: true, steps: 40, loss: 0, changed: true });
      expect([...repair.classify(mistake())]).toEqual([target]);
      const errors = (classes: Int32Array): number => classes.filter((value, i) => value !== testSet.labels[i]).length;
      expect(errors(repair.judge())).toBeLessThan(errors(repairer.base.classes));
    });
    expect(memory().tensors).toBe(before);
    expect(modelHash(model)).toBe(hash);
  });

  it('says so where too few steps did not help, and makes none where the model is right', () => {
    using repairer = new RetrainingRepairer(model, testSet, { train, steps: 1, batchSize: 16, learningRate: 1e-6 });
    scope(() => {
      const right = repairer.classify(mistake())[0]!;
      const repair = repairer.repair(mistake(), (right + 1) % 10);
      expect(repair).toMatchObject({ success: false, steps: 1, changed: true });
      expect(repair.loss).toBeGreaterThan(0);
      const unchanged = repairer.repair(mistake(), right);
      expect(unchanged).toMatchObject({ success: true, steps: 0, loss: 0, changed: false });
      expect(unchanged.judge()).toEqual(repairer.base.classes);
    });
  });

  it('gives the same model for the same seed, with augmentation, and another for another', () => {
    const options = { train, steps: 2, batchSize: 16, augmentation: dataset.augmentation };
    const losses = [0, 0, 1].map((seed) => {
      using repairer = new RetrainingRepairer(model, testSet, { ...options, seed });
      return scope(() => repairer.repair(mistake(), (repairer.classify(mistake())[0]! + 1) % 10).loss);
    });
    expect(losses[1]).toBe(losses[0]);
    expect(losses[2]).not.toBe(losses[0]);
  });
});
