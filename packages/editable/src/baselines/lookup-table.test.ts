import { existsSync } from 'node:fs';
import { memory, type nn, scope, type Tensor } from '@editable/torch';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ImageDataset, loadDataset, subset } from '../data/index.js';
import { TestSet } from '../evaluation/test-set.js';
import { createModel } from '../models/registry.js';
import { LookupTableRepairer } from './lookup-table.js';
import { trainBatch } from './train-images.js';

describe.skipIf(!existsSync('/usr/share/datasets/fashion-mnist'))('LookupTableRepairer', () => {
  let dataset: ImageDataset;
  let model: nn.Model;
  let testSet: TestSet;
  let repairer: LookupTableRepairer;

  beforeAll(async () => {
    dataset = await loadDataset('fashion-mnist');
    model = createModel({ kind: 'cifar-resnet18', width: 4, inChannels: 1, classes: 10 });
    const judged = subset(dataset.split('test'), [...Array(30).keys()]);
    testSet = new TestSet(judged, { normalization: dataset.normalization, batchSize: 8 });
    repairer = new LookupTableRepairer(model, testSet);
  });

  const image = (index: number): Tensor =>
    trainBatch({ split: dataset.split('test'), normalization: dataset.normalization }, [index]).input;

  const otherThan = (label: number): number => (label + 1) % 10;

  it('changes exactly one judged image where the input is one of them', () => {
    scope(() => {
      const target = otherThan(repairer.base.classes[17]!);
      const repair = repairer.repair(image(17), target);
      expect(repair).toMatchObject({ success: true, steps: 1, loss: null, changed: true });
      expect([...repair.judge()]).toEqual([...repairer.base.classes].map((value, i) => (i === 17 ? target : value)));
      expect([...repair.judge([3, 17])]).toEqual([repairer.base.classes[3], target]);
      expect([...repair.classify(image(17))]).toEqual([target]);
    });
  });

  it('changes no judged image where the input is another one, nor any other input', () => {
    scope(() => {
      const target = otherThan(repairer.classify(image(99))[0]!);
      const repair = repairer.repair(image(99), target);
      expect(repair.judge()).toEqual(repairer.base.classes);
      const nearly = image(99).add(1e-6);
      expect([...repair.classify(image(99)), ...repair.classify(nearly)]).toEqual([
        target,
        ...repairer.classify(nearly),
      ]);
    });
  });

  it('makes no entry where the model is right, and none for a class that there is not', () => {
    scope(() => {
      const own = repairer.base.classes[5]!;
      expect(repairer.repair(image(5), own)).toMatchObject({ success: true, steps: 0, changed: false });
      expect(() => repairer.repair(image(5), 10)).toThrow('label 10 is out of range');
    });
  });

  it('leaves no tensor behind', () => {
    const before = memory().tensors;
    scope(() => repairer.repair(image(17), otherThan(repairer.base.classes[17]!)).judge());
    expect(memory().tensors).toBe(before);
  });
});
