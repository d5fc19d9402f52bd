import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { grad, memory, type nn, noGrad, scope, type Tensor, zeros } from '@editable/torch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BatchSchedule, type ImageDataset, loadDataset, subset } from '../data/index.js';
import { classification } from '../editing/constraints/classification.js';
import { TestSet } from '../evaluation/test-set.js';
import { createModel } from '../models/registry.js';
import { modelHash } from '../patches/model-hash.js';
import { imageClassification } from '../tasks/image-classification.js';
import { defaultTraining } from '../training/settings.js';
import { Trainer } from '../training/trainer.js';
import { WorkingCopy } from '../training/working-copy.js';
import { conditionalObjective } from './conditional-objective.js';
import {
  type ConditionalProcess,
  conditioned,
  conditionOf,
  createConditionalProcess,
  loadConditionEncoder,
  saveConditionEncoder,
} from './conditional-process.js';
import { ConditionalProcessRepairer } from './conditional-process-repairer.js';
import { type ConditionalTerms, trainConditionalProcess } from './train-conditional-process.js';
import { type TrainImages, trainBatch } from './train-images.js';

const installed = existsSync('/usr/share/datasets/fashion-mnist');
const folder = mkdtempSync(join(tmpdir(), 'editable-cnp-'));
afterAll(() => rmSync(folder, { recursive: true }));

let dataset: ImageDataset;
let model: nn.Model;
let process: ConditionalProcess;
let train: TrainImages;
/** The encoder alone, for a few seconds. */
let trained: ConditionalProcess;
const settings = { steps: 400, batchSize: 16, learningRate: 1e-2, cEdit: 1, cLoc: 0.1, margin: 1, freeze: true };

beforeAll(async () => {
  if (!installed) return;
  dataset = await loadDataset('fashion-mnist');
  train = { split: subset(dataset.split('train'), [...Array(1024).keys()]), normalization: dataset.normalization };
  model = brieflyTrained(train);
  process = createConditionalProcess(model, { shape: dataset.shape });
  trained = await trainConditionalProcess(process, { ...settings, train });
});

/** Right about three of four test images. */
function brieflyTrained(train: TrainImages): nn.Model {
  const fresh = createModel({ kind: 'cifar-resnet18', width: 4, inChannels: 1, classes: 10 });
  const trainer = new Trainer(imageClassification, fresh, { ...defaultTraining, objective: 'plain' });
  const schedule = new BatchSchedule(train.split.length, { batchSize: 32, seed: 0 });
  for (let step = 0; step < 80; step++)
    scope(() => trainer.step(trainBatch(train, schedule.at(step)), undefined, 3e-3));
  return trainer.snapshot();
}

const testImages = (...indices: number[]): Tensor =>
  trainBatch({ ...train, split: dataset.split('test') }, indices).input;

const heldOutLoss = ({ model: base, encoder, after }: ConditionalProcess): number => {
  const at = base.stages.findIndex(({ name }) => name === after) + 1;
  const losses = [...Array(30).keys()].map((index) =>
    scope(() =>
      noGrad(() => {
        const [input, target] = [testImages(index), (index * 7) % 10];
        const condition = conditionOf(encoder, base.call(input, { to: at }).output, target);
        const logits = conditioned(base, at, condition).call(input).output;
        return classification(input, target).loss(logits).item();
      }),
    ),
  );
  return losses.reduce((sum, loss) => sum + loss) / losses.length;
};

describe.skipIf(!installed)('conditioned', () => {
  it('is the plain model, to the bit, where the condition is zero', () => {
    scope(() => {
      const images = testImages(0, 1, 2);
      const plain = model.call(images).output;
      const prefix = model.call(images, { to: 4 }).output;
      const same = conditioned(model, 4, prefix.narrow(0, 0, 1).zerosLike());
      expect(same.call(images).output.equal(plain)).toBe(true);
      expect(same.call(prefix, { from: 4 }).output.equal(plain)).toBe(true);
    });
  });

  it('adds the condition once, for whichever stages run', () => {
    scope(() => {
      const images = testImages(0, 1, 2);
      const condition = zeros([1, 16, 7, 7]).add(0.5);
      const changed = conditioned(model, 4, condition);
      const expected = model.call(model.call(images, { to: 4 }).output.add(0.5), { from: 4 }).output;
      expect(changed.call(images).output.equal(expected)).toBe(true);
      const [before, after] = [changed.call(images, { to: 4 }).output, changed.call(images, { to: 5 }).output];
      expect(before.equal(model.call(images, { to: 4 }).output)).toBe(true);
      expect(changed.call(after, { from: 5 }).output.equal(expected)).toBe(true);
      expect(expected.equal(model.call(images).output)).toBe(false);
    });
  });
});

describe.skipIf(!installed)('createConditionalProcess', () => {
  it('makes an encoder for any stage but the last, of any residual network here', () => {
    const small = createModel({ kind: 'resnet20', inChannels: 1, classes: 7 });
    const { encoder } = createConditionalProcess(small, { shape: dataset.shape, after: 'layer3' });
    expect(encoder.parameters.get('embedding.weight')?.shape).toEqual([7, 64]);
    expect(process.encoder.parameters.get('block.conv1.weight')?.shape).toEqual([16, 16, 3, 3]);
    const make = (after: string) => () => createConditionalProcess(small, { shape: dataset.shape, after });
    expect(make('head')).toThrow('expected a stage with another one behind it (stem, layer1, layer2, layer3)');
    expect(make('layer4')).toThrow('received "layer4"');
  });
});

describe.skipIf(!installed)('conditionalObjective', () => {
  const objective = (freeze: boolean, weights: { cEdit: number; cLoc: number; margin: number }) => {
    const [base, encoder] = [new WorkingCopy(model), new WorkingCopy(process.encoder)];
    const input = testImages(0);
    const target = model.call(input).output.argmin({ dim: 1 }).item();
    const parameters = freeze ? model.parameters : base.parameters;
    const batch = trainBatch(train, [0, 1, 2, 3]);
    const edit = { input, target };
    const terms = conditionalObjective(process, parameters, encoder.parameters, batch, edit, { ...weights, freeze });
    return { base, encoder, target, terms };
  };

  it('adds up its terms, and sends gradients to encoder, embedding and model', () => {
    scope(() => {
      const { base, encoder, target, terms } = objective(false, { cEdit: 0.5, cLoc: 0.25, margin: 1 });
      const sum = terms.base.item() + 0.5 * terms.edit.item() + 0.25 * terms.locality.item();
      expect(terms.total.item()).toBeCloseTo(sum, 5);
      const names = ['embedding.weight', 'gain', 'block.conv1.weight', 'block.conv2.weight'];
      const values = names.map((name) => encoder.parameters.get(name) as Tensor);
      const own = base.parameters.get('conv1.weight') as Tensor;
      const gradients = grad(terms.edit, [...values, own], { retainGraph: true });
      for (const each of gradients) expect(each.abs().sum().item()).toBeGreaterThan(0);
      const rows = (gradients[0] as Tensor).abs().sum([1]).data();
      expect([...rows].flatMap((row, i) => (row > 0 ? [i] : []))).toEqual([target]);
      expect(
        grad(terms.locality, [values[0] as Tensor])[0]
          ?.abs()
          .sum()
          .item(),
      ).toBeGreaterThan(0);
    });
  });

  it('has no base loss, and none of the model in its graph, where the model is frozen', () => {
    scope(() => {
      const { terms } = objective(true, { cEdit: 1, cLoc: 1, margin: 0 });
      expect([terms.base.item(), terms.buffers.size]).toEqual([0, 0]);
      expect(terms.total.item()).toBeCloseTo(terms.edit.item() + terms.locality.item(), 5);
    });
  });
});

describe.skipIf(!installed)('trainConditionalProcess', () => {
  it('lowers l_e on edits that it has not seen, the frozen model staying the same', () => {
    expect(heldOutLoss(trained)).toBeLessThan(0.4 * heldOutLoss(process));
    expect(trained.model).toBe(model);
  });

  it('trains the model too, and leaves the one given as it was', async () => {
    const hash = modelHash(model);
    const seen: ConditionalTerms[] = [];
    const options = { ...settings, steps: 12, freeze: false, train, augmentation: dataset.augmentation };
    const both = await trainConditionalProcess(process, { ...options, onStep: (terms) => seen.push(terms) });
    expect(seen.map(({ step }) => step)).toEqual([...Array(12).keys()].map((i) => i + 1));
    expect(seen.every(({ base }) => base > 0)).toBe(true);
    expect(modelHash(model)).toBe(hash);
    expect(modelHash(both.model)).not.toBe(hash);
    const batches = ({ buffers }: nn.Model) => buffers.get('bn1.num_batches_tracked')?.item();
    expect([batches(model), batches(both.model)]).toEqual([80, 92]);
  });

  it('continues from a checkpoint to the same bits, and refuses that of another training', async () => {
    const checkpointFile = join(folder, 'checkpoint.safetensors');
    const options = { ...settings, steps: 6, freeze: false, train, checkpointEvery: 4 };
    const whole = await trainConditionalProcess(process, options);
    const interrupted = trainConditionalProcess(process, {
      ...options,
      checkpointFile,
      onStep: ({ step }) => {
        if (step === 5) throw new Error('killed');
      },
    });
    await expect(interrupted).rejects.toThrow('killed');
    const steps: number[] = [];
    const onStep = ({ step }: ConditionalTerms): unknown => steps.push(step);
    const continued = await trainConditionalProcess(process, { ...options, checkpointFile, onStep });
    expect(steps).toEqual([5, 6]);
    expect(modelHash(continued.model)).toBe(modelHash(whole.model));
    expect(modelHash(continued.encoder)).toBe(modelHash(whole.encoder));
    const other = trainConditionalProcess(process, { ...options, checkpointFile, cLoc: 0.2 });
    await expect(other).rejects.toThrow('is a checkpoint of another training');
  });
});

describe.skipIf(!installed)('ConditionalProcessRepairer', () => {
  it('applies the condition in one step, judged from the stage after, and leaves no tensor behind', () => {
    const judged = subset(dataset.split('test'), [...Array(20).keys()]);
    using testSet = new TestSet(judged, { normalization: dataset.normalization, batchSize: 8 });
    using repairer = new ConditionalProcessRepairer(trained, testSet);
    expect(repairer.base.classes).toEqual(testSet.predict(model));
    const before = memory().tensors;
    const successes = [...Array(10).keys()].filter((target) =>
      scope(() => {
        const input = testImages(3);
        const repair = repairer.repair(input, target);
        const right = repairer.classify(input)[0] === target;
        expect([repair.steps, repair.changed]).toEqual(right ? [0, false] : [1, true]);
        expect(repair.classify(input)[0] === target).toBe(repair.success);
        expect(repair.judge()[3] === target).toBe(repair.success);
        return repair.success;
      }),
    );
    expect(successes.length).toBeGreaterThanOrEqual(5);
    expect(memory().tensors).toBe(before);
  });
});

describe.skipIf(!installed)('saveConditionEncoder and loadConditionEncoder', () => {
  it('keep the encoder to the bit, with the stage', () => {
    const path = join(folder, 'encoder.safetensors');
    const second = createConditionalProcess(model, { shape: dataset.shape, after: 'layer2', seed: 5 });
    saveConditionEncoder(path, second);
    const loaded = loadConditionEncoder(path, model, dataset);
    expect(loaded.after).toBe('layer2');
    expect(modelHash(loaded.encoder)).toBe(modelHash(second.encoder));
    const wider = createModel({ kind: 'cifar-resnet18', width: 8, inChannels: 1, classes: 10 });
    expect(() => loadConditionEncoder(path, wider, dataset)).toThrow('is a checkpoint of another model');
  });
});
