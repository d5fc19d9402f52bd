import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memory, type nn, resetPeakMemory, scope, tensor } from '@editable/torch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assembleBatch, type ImageDataset, type ImageSplit, loadDataset, stream, subset } from '../data/index.js';
import { classification } from '../editing/constraints/classification.js';
import { edit } from '../editing/edit.js';
import { rmsprop } from '../editing/editors/index.js';
import { createModel } from '../models/registry.js';
import { imageClassification } from '../tasks/image-classification.js';
import { defaultTraining } from '../training/settings.js';
import { Trainer } from '../training/trainer.js';
import { Activations } from './activations.js';
import { basePredictions } from './base-predictions.js';
import { evaluate, evaluateRepairs } from './evaluate.js';
import { GradientRepairer } from './gradient-repairer.js';
import { judgedImages, judgedSplit } from './judged-images.js';
import { countFlips, noClass } from './predictions.js';
import { preview, previewBySample } from './preview.js';
import { inBfloat16, isFasterInBfloat16, ReducedPrecision } from './reduced-precision.js';
import { TestSet } from './test-set.js';

const editor = { name: 'rmsprop', hyperparameters: { learningRate: 2e-3 }, layers: 'layer3', maxSteps: 10 } as const;
const exactly = { editor, edits: 40, testImages: 2000, seed: 3, views: 4 };
const folder = mkdtempSync(join(tmpdir(), 'editable-evaluate-'));
let dataset: ImageDataset;
let model: ReturnType<Trainer['snapshot']>;

beforeAll(async () => {
  dataset = await loadDataset('fashion-mnist');
  model = trained(80);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** A ResNet-18 of width 4 after some plain steps: good enough that edits have something to break. */
function trained(steps: number): typeof model {
  const fresh = createModel({ kind: 'cifar-resnet18', width: 4, inChannels: 1, classes: 10 });
  const trainer = new Trainer(imageClassification, fresh, { ...defaultTraining, objective: 'plain' });
  const split = dataset.split('train');
  for (let step = 0; step < steps; step++) {
    scope(() => {
      const drawn = stream(0, 'evaluate-test', step).sample(split.length, 64);
      const { images, labels } = assembleBatch(split, drawn, { normalization: dataset.normalization });
      trainer.step({ input: tensor(images, { shape: [64, 1, 28, 28] }), target: tensor(labels) }, undefined, 1e-2);
    });
  }
  return trainer.snapshot();
}

describe('evaluate', () => {
  it('gives the same records and summary for the same seed', async () => {
    const [first, again] = [await evaluate(model, dataset, exactly), await evaluate(model, dataset, exactly)];
    expect({ ...again, seconds: 0 }).toEqual({ ...first, seconds: 0 });
    expect(first.records).toHaveLength(40);
    expect(first.testError).toBeLessThan(0.5);
    const mean = first.records.reduce((sum, record) => sum + record.drawdown, 0) / 40;
    expect(first.drawdown).toBeCloseTo(mean, 12);
    expect(first.samplingError).toBe(0);
  });

  it('gives what evaluateRepairs gives for the same editor', async () => {
    using testSet = judgedImages(dataset, exactly);
    using repairer = new GradientRepairer(model, testSet, editor);
    const { records } = await evaluateRepairs(repairer, dataset, exactly);
    expect(records).toEqual((await evaluate(model, dataset, exactly)).records);
  });

  it('continues from its records, to the same records', async () => {
    const recordsFile = join(folder, 'records.jsonl');
    const whole = await evaluate(model, dataset, { ...exactly, recordsFile });
    const lines = readFileSync(recordsFile, 'utf8').trimEnd().split('\n');
    writeFileSync(recordsFile, `${lines.slice(0, 12).join('\n')}\n`);
    let made = 0;
    const onEdit = (): unknown => (made += 1);
    const continued = await evaluate(model, dataset, { ...exactly, recordsFile, onEdit });
    expect(made).toBe(40 - 11);
    expect(continued.records).toEqual(whole.records);
  });

  it('takes no records of other images for its own, however many they are', async () => {
    const recordsFile = join(folder, 'other-images.jsonl');
    const test = dataset.split('test');
    const taken = async (options: { split: ImageSplit; seed?: number }): Promise<number> => {
      let made = 0;
      const onEdit = (): unknown => (made += 1);
      const few = { editor, edits: 3, testImages: 40, views: 0 };
      await evaluate(model, dataset, { ...few, ...options, recordsFile, onEdit });
      return 3 - made;
    };
    const split = subset(test, [...test.labels.keys()].slice(0, 50));
    const elsewhere = subset(test, [...test.labels.keys()].slice(50, 100));
    const darker: ImageSplit = { ...split, image: (index) => split.image(index).map((value) => value >> 1) };
    expect(await taken({ split })).toBe(0);
    expect(await taken({ split })).toBe(3);
    expect(await taken({ split: elsewhere })).toBe(0);
    expect(await taken({ split: darker })).toBe(0);
    // The same 40 judged images, out of more: others are edited.
    const judged = judgedSplit(dataset, { edits: 3, testImages: 40, split: darker });
    expect(await taken({ split: judged })).toBe(0);
  });

  it('judged on samples agrees with the exact drawdown within its interval, on fewer images', async () => {
    const exact = await evaluate(model, dataset, exactly);
    const sampled = await evaluate(model, dataset, { ...exactly, precision: 0.006 });
    const edited = sampled.records.map((record, i) => ({ record, truth: exact.records[i]!.drawdown }));
    const held = edited.filter(({ record, truth }) => Math.abs(record.drawdown - truth) <= 1.96 * record.standardError);
    expect(held.length).toBeGreaterThanOrEqual(36);
    expect(Math.abs(sampled.drawdown - exact.drawdown)).toBeLessThan(2 * sampled.samplingError);
    expect(sampled.samplingError).toBeLessThan(0.0065);
    expect(sampled.meanJudged).toBeLessThan(exact.meanJudged / 2);
  });

  it('holds no more tensors after than before', async () => {
    const before = memory().tensors;
    await evaluate(model, dataset, { ...exactly, edits: 3, precision: 0.01 });
    expect(memory().tensors).toBeLessThanOrEqual(before);
  });

  it('holds no more at a time for a sample than for all images', () => {
    using testSet = judgedImages(dataset, exactly);
    using activations = testSet.activations(model, 0);
    const peakOf = (positions?: readonly number[]): number => {
      resetPeakMemory();
      const before = memory().bytes;
      activations.predict(model, positions);
      return memory().peakBytes - before;
    };
    const all = peakOf();
    // Beside a batch's activations, the images gathered for it.
    expect(peakOf(Array.from({ length: 1500 }, (_, i) => i))).toBeLessThan(1.2 * all);
  });

  it('refuses counts that cannot be', async () => {
    await expect(evaluate(model, dataset, { ...exactly, edits: 0 })).rejects.toThrow(/edits: expected a whole number/);
    await expect(evaluate(model, dataset, { ...exactly, precision: -1 })).rejects.toThrow(/precision: expected/);
  });
});

describe('reducedPrecision', () => {
  it('gives the records of float32', async () => {
    const whole = await evaluate(model, dataset, { ...exactly, reducedPrecision: true });
    expect(whole.records).toEqual((await evaluate(model, dataset, exactly)).records);
  });

  it('gives the classes of float32 for edited models, of which bfloat16 alone gets some wrong', () => {
    using testSet = judgedImages(dataset, exactly);
    const whole = testSet.activations(model, 0).batches;
    using reduced = new ReducedPrecision(model, whole, 0);
    const activations = new Activations(whole, 0, false, reduced);
    const [counts, few] = [{ wrong: 0, again: 0 }, [0, 7, 300, 1999]];
    for (let i = 0; i < 10; i++) {
      scope(() => {
        const input = whole[0]!.narrow(0, i, 1);
        const edited = edit(model, classification(input, (testSet.labels[i]! + 1) % 10), {
          editor: rmsprop({ learningRate: 2e-3 }),
        }).model;
        const exact = testSet.predict(edited);
        expect(activations.predict(edited)).toEqual(exact);
        expect(activations.predict(edited, few)).toEqual(Int32Array.from(few, (at) => exact[at]!));
        const parts = reduced.batches.map((batch) => reduced.classesOf(inBfloat16(edited), batch));
        counts.wrong += countFlips(exact, Int32Array.from(parts.flatMap(({ classes }) => [...classes])));
        counts.again += parts.flatMap(({ uncertain }) => uncertain).length;
      });
    }
    expect(counts.wrong).toBeGreaterThan(0);
    expect(counts.again).toBeLessThan(0.2 * 10 * exactly.testImages);
  });

  it('is left out where the model has its number type built in', () => {
    using testSet = judgedImages(dataset, exactly);
    const fixed: nn.Model = {
      ...model,
      parameters: model.parameters,
      buffers: model.buffers,
      stages: model.stages,
      call: (input, options) => model.call(input.to('float32'), options),
      with: (changes) => ({
        ...fixed,
        call: (input, options) => model.with(changes).call(input.to('float32'), options),
      }),
    };
    expect(isFasterInBfloat16(fixed, testSet.images.batches[0]!, 0)).toBe(false);
  });

  it('judges images again whose logits are not finite', () => {
    using testSet = judgedImages(dataset, exactly);
    const whole = testSet.activations(model, 0).batches;
    using reduced = new ReducedPrecision(model, whole, 0);
    const broken = scope(() => {
      const bias = model.parameters.get('fc.bias')!;
      return model.with({ parameters: new Map([['fc.bias', bias.mul(Number.NaN)]]) });
    });
    expect(new Activations(whole, 0, false, reduced).predict(broken)).toEqual(
      new Int32Array(exactly.testImages).fill(noClass),
    );
  });
});

describe('previewBySample', () => {
  it('agrees with the exact preview within its interval, on fewer images, and keeps the base predictions', () => {
    const { normalization } = dataset;
    const split = dataset.split('test');
    const file = join(folder, 'predictions.safetensors');
    const base = basePredictions(model, split, { normalization, file });
    const written = readFileSync(file);
    expect(basePredictions(model, split, { normalization, file })).toEqual(base);
    using all = new TestSet(split, { normalization });
    scope(() => {
      const input = all.activations(model, 0).batches[0]!.narrow(0, 3, 1);
      const result = edit(model, classification(input, (split.labels[3]! + 1) % 10), {
        editor: rmsprop({ learningRate: 2e-3 }),
        layers: 'layer3',
      });
      const exact = preview(model, result.model, result.changed, all);
      expect(exact).toMatchObject({ standardError: 0, judged: 10_000, flipped: exact.flips.length });
      const sampled = previewBySample(result.model, split, base, { precision: 0.02, normalization });
      expect(sampled.errorBefore).toBe(exact.errorBefore);
      expect(sampled.judged).toBeLessThan(5000);
      expect(Math.abs(sampled.drawdown - exact.drawdown)).toBeLessThan(3 * sampled.standardError);
      const truth = new Map(exact.flips.map((flip) => [flip.index, flip]));
      expect(sampled.flips.length).toBeGreaterThan(0);
      for (const flip of sampled.flips) expect(truth.get(flip.index)).toEqual(flip);
      writeFileSync(file, written.subarray(0, written.length / 2));
      expect(basePredictions(model, split, { normalization, file })).toEqual(base);
      expect(readFileSync(file).equals(written)).toBe(true);
      // Predictions of another model are not taken for this one's.
      basePredictions(result.model, split, { normalization, file });
      expect(readFileSync(file).equals(written)).toBe(false);
    });
    expect(() => previewBySample(model, split, base, { precision: 0, normalization })).toThrow(/precision: expected/);
  });
});
