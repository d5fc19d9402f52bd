import { existsSync } from 'node:fs';
import { memory, type nn, noGrad, scope, type Tensor } from '@editable/torch';
import { beforeAll, describe, expect, it } from 'vitest';
import { BatchSchedule, type ImageDataset, loadDataset, subset } from '../data/index.js';
import { classification } from '../editing/constraints/classification.js';
import { edit } from '../editing/edit.js';
import type { EditorChoice } from '../editing/editor-choice.js';
import { rmsprop } from '../editing/editors/index.js';
import { TestSet } from '../evaluation/test-set.js';
import { createModel } from '../models/registry.js';
import { imageClassification } from '../tasks/image-classification.js';
import { defaultTraining } from '../training/settings.js';
import { Trainer } from '../training/trainer.js';
import { editWithRehearsal, RehearsalRepairer, rehearse } from './rehearsal.js';
import { type TrainImages, trainBatch } from './train-images.js';

const choice: EditorChoice = {
  name: 'rmsprop',
  hyperparameters: { learningRate: 1e-3 },
  layers: 'layer3',
  maxSteps: 30,
};

/** Right about three of four test images. */
function brieflyTrained(train: TrainImages): nn.Model {
  const fresh = createModel({ kind: 'cifar-resnet18', width: 4, inChannels: 1, classes: 10 });
  const trainer = new Trainer(imageClassification, fresh, { ...defaultTraining, objective: 'plain' });
  const schedule = new BatchSchedule(train.split.length, { batchSize: 32, seed: 0 });
  for (let step = 0; step < 80; step++)
    scope(() => trainer.step(trainBatch(train, schedule.at(step)), undefined, 3e-3));
  return trainer.snapshot();
}

describe.skipIf(!existsSync('/usr/share/datasets/fashion-mnist'))('editWithRehearsal', () => {
  let dataset: ImageDataset;
  let model: nn.Model;
  let train: TrainImages;
  const layers = 'layer3';
  const editor = rmsprop({ learningRate: 1e-3 });

  beforeAll(async () => {
    dataset = await loadDataset('fashion-mnist');
    train = { split: dataset.split('train'), normalization: dataset.normalization };
    model = brieflyTrained(train);
  });

  const batch = (): Tensor => trainBatch(train, [10, 11, 12, 13, 14, 15, 16, 17]).input;
  const wrong = (input: Tensor): number => model.call(input).output.argmin({ dim: 1 }).item();
  const divergence = (edited: nn.Model): number =>
    noGrad(() => {
      const [before, after] = [model, edited].map((each) => each.call(batch()).output.logSoftmax(1)) as [
        Tensor,
        Tensor,
      ];
      return before.exp().mul(before.sub(after)).sum().item();
    });

  it('is the plain edit, to the bit, where the batch weighs nothing', () => {
    scope(() => {
      const input = trainBatch(train, [0]).input;
      const constraint = classification(input, wrong(input));
      const rehearsal = rehearse(model, batch(), layers);
      const plain = edit(model, constraint, { editor, layers, maxSteps: 20 });
      const rehearsed = editWithRehearsal(model, constraint, { editor, layers, maxSteps: 20, weight: 0, rehearsal });
      expect(plain.steps).toBeGreaterThan(1);
      expect([rehearsed.steps, rehearsed.loss, rehearsed.success]).toEqual([plain.steps, plain.loss, plain.success]);
      for (const [name, value] of plain.model.parameters)
        expect(value.equal(rehearsed.model.parameters.get(name) as Tensor), name).toBe(true);
    });
  });

  it('moves the batch less the more it weighs', () => {
    scope(() => {
      const input = trainBatch(train, [0]).input;
      const constraint = classification(input, wrong(input));
      const rehearsal = rehearse(model, batch(), layers);
      const moved = [0, 1, 10].map((weight) => {
        const options = { editor, layers, maxSteps: 4, weight, rehearsal };
        return divergence(editWithRehearsal(model, constraint, options).model);
      });
      expect(moved[1]).toBeLessThan(moved[0]!);
      expect(moved[2]).toBeLessThan(moved[1]!);
    });
  });

  it('stops on the constraint alone, and then holds it', () => {
    scope(() => {
      const input = trainBatch(train, [0]).input;
      const rehearsal = rehearse(model, batch(), layers);
      const options = { editor, layers, maxSteps: 30, weight: 0.01, rehearsal };
      const result = editWithRehearsal(model, classification(input, wrong(input)), options);
      expect(result).toMatchObject({ success: true, loss: 0 });
      expect(result.steps).toBeLessThan(30);
      expect(result.model.call(input).output.argmax({ dim: 1 }).item()).toBe(wrong(input));
    });
  });

  it('repairs as a Repairer, judged from the edited layers on, and leaves no tensor behind', () => {
    const judged = subset(dataset.split('test'), [...Array(20).keys()]);
    using testSet = new TestSet(judged, { normalization: dataset.normalization });
    using repairer = new RehearsalRepairer(model, testSet, { editor: choice, train, weight: 0.01, images: 8, seed: 1 });
    const before = memory().tensors;
    scope(() => {
      const input = trainBatch(train, [0]).input;
      const repair = repairer.repair(input, wrong(input));
      expect(repair).toMatchObject({ success: true, changed: true, loss: 0 });
      expect([...repair.classify(input)]).toEqual([wrong(input)]);
      const all = repair.judge();
      expect([...repair.judge([2, 19])]).toEqual([all[2], all[19]]);
      const right = repairer.classify(input)[0]!;
      expect(repairer.repair(input, right)).toMatchObject({ success: true, steps: 0, changed: false });
    });
    expect(memory().tensors).toBe(before);
    expect(repairer.base.classes).toEqual(testSet.predict(model));
  });
});
