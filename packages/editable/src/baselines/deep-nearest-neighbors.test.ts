import { existsSync } from 'node:fs';
import { memory, modelOf, nn, scope, type Tensor, tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { imageSplit, loadDataset, subset } from '../data/index.js';
import { TestSet } from '../evaluation/test-set.js';
import { createModel } from '../models/registry.js';
import { DeepNearestNeighborsRepairer } from './deep-nearest-neighbors.js';
import { trainBatch } from './train-images.js';

/** Images are their own embedding: two pixels, so that nearness is the angle between them. */
class TwoPixels extends nn.Module {
  readonly head: nn.Linear = new nn.Linear(2, 3);

  override stages(): readonly nn.Stage[] {
    return [
      { name: 'pixels', children: [], forward: (input) => input.flatten({ startDim: 1 }) },
      { name: 'head', children: ['head'], forward: (input, context) => this.head.forward(input, context) },
    ];
  }

  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.stages().reduce((value, stage) => stage.forward(value, context), input);
  }
}

const normalization = { mean: [0], std: [1] };
const angled = (degrees: readonly number[], labels: readonly number[]) => {
  const pixels = degrees.flatMap((each) =>
    [Math.cos, Math.sin].map((f) => Math.round(255 * f((each * Math.PI) / 180))),
  );
  return imageSplit(Uint8Array.from(pixels), Uint8Array.from(labels), [1, 1, 2]);
};
const at = (degrees: number): Tensor => {
  const radians = (degrees * Math.PI) / 180;
  return tensor([[[[Math.cos(radians), Math.sin(radians)]]]]);
};

describe('DeepNearestNeighborsRepairer', () => {
  const model = modelOf(new TwoPixels());
  const train = { split: angled([0, 11, 37, 53, 79, 90], [0, 0, 0, 1, 2, 2]), normalization };
  // Neighbours, nearest first: 2°: 0, 11, 37; 14°: 11, 0, 37; 40°: 37, 53, 11; 67°: 79, 53, 90.
  const testSet = new TestSet(angled([2, 14, 40, 67], [0, 0, 1, 2]), { normalization });
  const repairer = new DeepNearestNeighborsRepairer(model, testSet, { train, k: 3 });

  it('predicts by a vote of the nearest', () => {
    expect([...repairer.base.classes]).toEqual([0, 0, 0, 2]);
    expect([...repairer.base.probabilities].map((share) => Math.round(3 * share))).toEqual([
      3, 0, 0, 3, 0, 0, 2, 1, 0, 0, 1, 2,
    ]);
    expect([...repairer.classify(at(85))]).toEqual([2]);
  });

  it('flips the nearest labels until the prediction is the target, and others follow', () => {
    scope(() => {
      const repair = repairer.repair(at(2), 2);
      // 0° and 11° become 2: 2° and 14° have two votes of three; 40° has one of each class, and its nearest, 37°, says 0.
      expect(repair).toMatchObject({ success: true, steps: 2, loss: null, changed: true });
      expect([...repair.judge()]).toEqual([2, 2, 0, 2]);
      expect([...repair.judge([1, 3])]).toEqual([2, 2]);
      expect([...repair.classify(at(2))]).toEqual([2]);
      expect([...repairer.classify(at(2))]).toEqual([0]);
    });
  });

  it('lets the nearest decide a tie, so that one flip may do', () => {
    scope(() => {
      // At 40° the labels are 0, 1, 0; the first becomes 2, and of three equal votes the nearest counts.
      const repair = repairer.repair(at(40), 2);
      expect(repair).toMatchObject({ success: true, steps: 1 });
      expect([...repair.judge()]).toEqual([0, 0, 2, 2]);
    });
  });

  it('skips labels that are the target already, and flips none where the prediction is right', () => {
    const near = { split: angled([0, 10, 20], [0, 1, 1]), normalization };
    using other = new DeepNearestNeighborsRepairer(model, testSet, { train: near, k: 3 });
    scope(() => {
      expect([...other.classify(at(2))]).toEqual([1]);
      expect(other.repair(at(2), 0)).toMatchObject({ success: true, steps: 1 });
      expect(other.repair(at(2), 1)).toMatchObject({ success: true, steps: 0, changed: false });
    });
  });

  it('refuses stages that the model has not, and more neighbours than images', () => {
    const make = (options: { k: number; stages?: string[] }) => () =>
      new DeepNearestNeighborsRepairer(model, testSet, { train, ...options });
    expect(make({ k: 3, stages: ['layer9'] })).toThrow('expected some of pixels, head, received "layer9"');
    expect(make({ k: 7 })).toThrow('expected k from 1 to 6');
  });
});

/** Passes images on, then squares them. */
class Squares extends nn.Module {
  readonly head: nn.Linear = new nn.Linear(2, 2);

  override stages(): readonly nn.Stage[] {
    return [
      { name: 'same', children: [], forward: (input) => input },
      { name: 'squared', children: [], forward: (input) => input.square() },
      { name: 'head', children: ['head'], forward: (input, context) => this.head.forward(input.mean([2, 3]), context) },
    ];
  }

  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.stages().reduce((value, stage) => stage.forward(value, context), input);
  }
}

describe('DeepNearestNeighborsRepairer: embeddings', () => {
  const two = { mean: [0, 0], std: [1, 1] };
  const images = (...pixels: number[][]) =>
    imageSplit(Uint8Array.from(pixels.flat()), Uint8Array.from(pixels.keys()), [2, 2, 2]);
  const predict = (split: ReturnType<typeof images>, image: number[], stages: string[]): number => {
    using testSet = new TestSet(images(image), { normalization: two });
    const train = { split, normalization: two };
    using repairer = new DeepNearestNeighborsRepairer(modelOf(new Squares()), testSet, { train, k: 1, stages });
    return repairer.base.classes[0]!;
  };
  const corner = [100, 100, 100, 100, 160, 0, 0, 0];
  const otherCorner = [100, 100, 100, 100, 0, 0, 0, 160];
  const first = [100, 100, 100, 100, 0, 0, 0, 0];
  const both = [100, 100, 100, 100, 100, 100, 100, 100];

  it('are averaged over pixels', () => {
    expect(predict(images(first, otherCorner), corner, ['same'])).toBe(1);
  });

  it('join stages', () => {
    // The image's channels lie at atan(40 / 100) = 22° by their means and at 33° by their mean squares; 0° and 45° compete.
    expect(predict(images(first, both), corner, ['same'])).toBe(0);
    expect(predict(images(first, both), corner, ['same', 'squared'])).toBe(1);
  });
});

describe.skipIf(!existsSync('/usr/share/datasets/fashion-mnist'))('DeepNearestNeighborsRepairer on a ResNet', () => {
  it('finds an image itself by its pooled activations of several stages, and leaves no tensor behind', async () => {
    const dataset = await loadDataset('fashion-mnist');
    const { normalization } = dataset;
    const model = createModel({ kind: 'cifar-resnet18', width: 4, inChannels: 1, classes: 10 });
    const split = subset(dataset.split('train'), [...Array(60).keys()]);
    using testSet = new TestSet(split, { normalization, batchSize: 25 });
    const [k, stages] = [1, ['layer2', 'layer4']];
    using repairer = new DeepNearestNeighborsRepairer(model, testSet, { train: { split, normalization }, k, stages });
    expect(repairer.base.classes).toEqual(split.labels);
    const before = memory().tensors;
    scope(() => {
      const input = trainBatch({ split, normalization }, [7]).input;
      const target = (split.labels[7]! + 1) % 10;
      const repair = repairer.repair(input, target);
      expect(repair.steps).toBe(1);
      expect([...repair.judge()]).toEqual([...split.labels].map((label, i) => (i === 7 ? target : label)));
    });
    expect(memory().tensors).toBe(before);
  });
});
