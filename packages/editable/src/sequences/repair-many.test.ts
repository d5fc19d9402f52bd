import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { memory, nn, readStateDict } from '@editable/torch';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasFashionMnist, smallClassifier } from '../../test/small-classifier.js';
import { type ImageDataset, loadDataset, type Normalization } from '../data/index.js';
import type { CurvatureOf } from '../editing/curvature/curvature.js';
import { ControlImages, controlCurvature } from '../evaluation/control-curvature.js';
import { mistakeTasks } from '../evaluation/edit-tasks.js';
import { TestSet } from '../evaluation/test-set.js';
import { withWeights } from '../models/load-weights.js';
import { createModel } from '../models/registry.js';
import { trainingSplits } from '../runs/splits.js';
import { type RepairedSet, type RepairManyOptions, repairMany } from './repair-many.js';

const editor = { name: 'natural', hyperparameters: {}, layers: 'layer4', maxSteps: 30 } as const;

const mistakesOf = (
  model: nn.Model,
  dataset: ImageDataset,
  edits: number,
  normalization: Normalization = dataset.normalization,
): { index: number; target: number }[] => {
  const test = dataset.split('test');
  using all = new TestSet(test, { normalization });
  return mistakeTasks(all.predict(model), test.labels, { edits, seed: 0 });
};

const plain = ({ model: _, seconds: __, solveSeconds: ___, ...rest }: RepairedSet): unknown => rest;

describe.skipIf(!hasFashionMnist)('repairMany', () => {
  let model: nn.Model;
  let dataset: ImageDataset;
  let curvature: CurvatureOf;
  let options: RepairManyOptions;
  let whole: RepairedSet;

  beforeAll(async () => {
    ({ model, dataset } = await smallClassifier());
    const { normalization } = dataset;
    curvature = controlCurvature(
      model,
      new ControlImages(trainingSplits(dataset).train, { normalization, images: 300 }),
    );
    options = { tasks: mistakesOf(model, dataset, 12), editor, testImages: 300, curvature, seed: 3 };
    whole = await repairMany(model, dataset, options);
  });

  it('has every repair in force after each of them, and judges after 1, 2, 5, 10, … and the last', () => {
    expect(whole).toMatchObject({ repairs: 12, inForce: 1, notInForce: [], conflicts: [], testImages: 300 });
    expect(whole.curve.map(({ repairs, inForce }) => [repairs, inForce])).toEqual([1, 2, 5, 10, 12].map((n) => [n, 1]));
    expect(whole.records.every(({ success, label, target }) => success && label === target)).toBe(true);
    expect(whole.records[0]).toMatchObject({ broke: [] });
    expect(whole.records[0]!.predicted).not.toBe(whole.records[0]!.target);
    expect(whole.changed.every((name) => name.startsWith('layer4.'))).toBe(true);
    expect(whole.errorAfter).toBe(whole.curve.at(-1)!.error);
    expect(whole.meanSteps).toBe(whole.steps / 12);
  });

  it('gives the pictures their targets, the whole network asked', () => {
    using all = new TestSet(dataset.split('test'), { normalization: dataset.normalization });
    const answers = all.predict(whole.model);
    for (const { index, target } of options.tasks as { index: number; target: number }[]) {
      expect(answers[index]).toBe(target);
    }
  });

  it('solves them at once too, in any order to the same bits', async () => {
    const once = await repairMany(model, dataset, { ...options, atOnce: true });
    expect(once).toMatchObject({ inForce: 1, atOnce: true });
    expect(once.curve.map(({ repairs }) => repairs)).toEqual([12]);
    const tasks = [...options.tasks].reverse();
    const reversed = await repairMany(model, dataset, { ...options, tasks, atOnce: true });
    for (const name of once.changed) {
      const [a, b] = [once, reversed].map((set) => set.model.parameters.get(name)!.toHost().bytes);
      expect(a, name).toEqual(b);
    }
  });

  it('solves a set that has grown from the base again: then it is as if all had been solved at once', async () => {
    // After the eighth, the tenth and the thirteenth.
    const [again, kept] = [8, 9].map((count) => ({ ...options, tasks: options.tasks.slice(0, count), anewFrom: 8 }));
    const bits = async (set: RepairManyOptions): Promise<unknown> => {
      const { model: repaired, changed, inForce } = await repairMany(model, dataset, set);
      expect(inForce).toBe(1);
      return changed.map((name) => repaired.parameters.get(name)!.toHost().bytes);
    };
    expect(await bits(again!)).toEqual(await bits({ ...again!, atOnce: true }));
    expect(await bits(kept!)).not.toEqual(await bits({ ...kept!, atOnce: true }));
  });

  it('tries neither of two repairs that ask for different classes of one picture, and makes the others', async () => {
    const [first, second] = options.tasks as [{ index: number; target: number }, { index: number; target: number }];
    const other = { index: first.index, target: (first.target + 1) % 10 };
    const tasks = [first, second, { pixels: dataset.split('test').image(other.index), target: other.target }];
    const { conflicts, notInForce, records, inForce } = await repairMany(model, dataset, { ...options, tasks });
    expect(conflicts).toEqual([[0, 2]]);
    expect(notInForce).toContain(0);
    expect(records.map(({ success }) => success)).toEqual([false, true, false]);
    expect(records[2]).toMatchObject({ index: null, label: null, steps: 0 });
    expect(inForce).toBeLessThan(1);
  });

  it('leaves out a repair that takes more steps than allowed, and keeps the model before it', async () => {
    const {
      records,
      model: after,
      changed,
    } = await repairMany(model, dataset, {
      ...options,
      editor: { ...editor, maxSteps: 0 },
    });
    expect(records.every(({ success, steps }) => !success && steps === 0)).toBe(true);
    expect(after).toBe(model);
    expect(changed).toEqual([]);
  });

  it('lets views of each picture follow, and judges generality on others', async () => {
    const views = await repairMany(model, dataset, {
      ...options,
      tasks: options.tasks.slice(0, 4),
      editor: { ...editor, views: 8 },
    });
    const alone = await repairMany(model, dataset, { ...options, tasks: options.tasks.slice(0, 4) });
    expect(views.editor).toMatchObject({ views: 8, hyperparameters: { overshoot: 3 } });
    expect(alone.editor).toMatchObject({ hyperparameters: { overshoot: 0.3 } });
    expect(views.generality).toBeGreaterThan(alone.generality!);
    expect(views.inForce).toBe(1);
  });

  it('gives the same again, and holds nothing afterwards but the model', async () => {
    const before = memory();
    const again = await repairMany(model, dataset, options);
    expect(plain(again)).toEqual(plain(whole));
    expect(memory().tensors - before.tensors).toBe(again.changed.length);
  });

  it.each([
    [{ tasks: [] }, /expected at least one repair/],
    [{ tasks: [{ index: 10_000, target: 1 }] }, /expected a test image from 0 to 9999 for repair 0, received 10000/],
    [{ tasks: [{ index: 1, target: 10 }] }, /label 10 is out of range/],
    [{ editor: { ...editor, name: 'gd' } }, /expected the editor natural, received gd/],
    [{ editor: { ...editor, layers: 'layer9' } }, /"layer9" selects no parameter/],
  ] as const)('refuses %j', async (wrong, message) => {
    await expect(repairMany(model, dataset, { ...options, ...wrong } as RepairManyOptions)).rejects.toThrow(message);
  });
});

const data = process.env.EDITABLE_DATA ?? join(import.meta.dirname, '../../../../../shared/data');
const checkpoint = join(data, 'cifar10-resnet/resnet20-12fca82f.th');
const cifar = existsSync(checkpoint)
  ? await loadDataset('cifar-10', { dataDir: data }).catch(() => undefined)
  : undefined;

describe.skipIf(cifar === undefined)(
  'repairMany on the published ResNet-20 (skipped where it or CIFAR-10 is absent)',
  () => {
    it('has 200 real mistakes in force, and costs the other images at most half a point', async () => {
      const dataset = cifar as ImageDataset;
      const weights = new Map(
        [...readStateDict(checkpoint)].map(([name, value]) => [name.replace(/^module\./, ''), value]),
      );
      const spec = { kind: 'resnet20', inChannels: 3, classes: 10 } as const;
      const model = nn.channelsLast(withWeights(createModel(spec), weights, checkpoint));
      // The one that it was trained with.
      const normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
      const tasks = mistakesOf(model, dataset, 200, normalization);
      const set = { tasks, editor: { ...editor, layers: 'layer3' }, checkpoints: [], normalization };
      const { inForce, errorAfter, errorBefore } = await repairMany(model, dataset, set);
      expect(inForce).toBe(1);
      expect(errorAfter - errorBefore).toBeLessThan(0.005);
    }, 900_000);
  },
);
