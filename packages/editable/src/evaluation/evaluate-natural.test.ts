/** The natural editor and views through evaluate, on a small classifier with real mistakes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memory, type nn, scope, tensor } from '@editable/torch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasFashionMnist, smallClassifier } from '../../test/small-classifier.js';
import { type ImageDataset, type ImageSplit, normalizeImages, subset } from '../data/index.js';
import type { CurvatureOf } from '../editing/curvature/curvature.js';
import type { EditorChoice } from '../editing/editor-choice.js';
import { firstStageOf, selectParameters } from '../editing/layers.js';
import { trainingSplits } from '../runs/splits.js';
import {
  ControlImages,
  combinedCurvature,
  controlCurvature,
  ekfacCurvature,
  settledCurvature,
} from './control-curvature.js';
import { type EvaluateOptions, type Evaluation, evaluate } from './evaluate.js';
import { GradientRepairer } from './gradient-repairer.js';
import { judgedImages } from './judged-images.js';

const editor: EditorChoice = { name: 'natural', hyperparameters: {}, layers: 'layer4', maxSteps: 20 };
const withViews: EditorChoice = { ...editor, views: 8 };
const common = { edits: 10, testImages: 800, seed: 5, views: 10, targets: 'mistakes' } as const;
const why = hasFashionMnist ? '' : ' (skipped: Fashion-MNIST is not installed)';
const folder = mkdtempSync(join(tmpdir(), 'editable-natural-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!hasFashionMnist)(`evaluate of the natural editor${why}`, () => {
  let model: nn.Model;
  let dataset: ImageDataset;
  let curvature: CurvatureOf;
  /** Mistakes are looked for in all of it. */
  let split: ImageSplit;
  let plain: Evaluation;
  let viewed: Evaluation;
  const run = (options: Partial<EvaluateOptions> = {}): Promise<Evaluation> =>
    evaluate(model, dataset, { ...common, split, editor, curvature, ...options });
  const controlOf = (seed: number): ControlImages =>
    new ControlImages(trainingSplits(dataset).train, { normalization: dataset.normalization, images: 100, seed });

  beforeAll(async () => {
    ({ model, dataset } = await smallClassifier(80));
    curvature = controlCurvature(model, controlOf(0));
    split = subset(
      dataset.split('test'),
      Array.from({ length: 1000 }, (_, i) => i),
    );
    plain = await run();
    viewed = await run({ editor: withViews });
  });

  it('repairs every mistake, and more of its unseen views where it was asked to hold on others', () => {
    expect([plain.successRate, viewed.successRate]).toEqual([1, 1]);
    expect(viewed.generality).toBeGreaterThan(plain.generality + 0.1);
    expect(plain.drawdown).toBeLessThan(0.02);
    expect(viewed.editor).toEqual({ ...withViews, hyperparameters: { overshoot: 3 } });
  });

  it.each([
    [
      'the gradients of control images one by one',
      'combined',
      0.7,
      () => combinedCurvature(ekfacCurvature(model, controlOf(0)), model, controlOf(0)),
    ],
    ['eigenvalues corrected by them', 'ekfac', 0.95, () => ekfacCurvature(model, controlOf(0))],
  ] as const)('keeps answers better where it has %s', async (_, metric, most, make) => {
    const own = make();
    const found = await run({ editor: { ...editor, metric }, curvature: own });
    expect(found.successRate).toBe(1);
    expect(found.editor).toEqual({ ...editor, metric, hyperparameters: { overshoot: 0.3 } });
    expect(found.flips).toBeLessThan(most * plain.flips);
    const names = selectParameters(model, 'layer4');
    expect(own(names)).toBe(own(names));
    const average = curvature(names).identity;
    const identity = {
      combined: { kind: 'jacobian', images: 100, rows: 400, base: { ...average, kind: 'ekfac', share: 0.1 } },
      ekfac: { ...average, kind: 'ekfac' },
    };
    expect(own(names).identity).toMatchObject(identity[metric]);
  });

  it('keeps answers better where it settles, and most views of a repair', async () => {
    const found = await run({ editor: { ...withViews, settle: 12 }, curvature: undefined });
    const without = await run({ editor: withViews, curvature: undefined });
    expect(found.successRate).toBe(1);
    expect(found.editor).toMatchObject({ settle: 12 });
    expect(found.flips).toBeLessThan(0.9 * without.flips);
    expect(found.generality).toBeGreaterThan(without.generality - 0.15);
  });

  it('settles by as many control images as memory allows', () => {
    const control = new ControlImages(trainingSplits(dataset).train, { normalization: dataset.normalization });
    const names = selectParameters(model, 'fc');
    const groups = (memory?: number): unknown => {
      const bound = memory === undefined ? {} : { memory };
      using settled = settledCurvature(curvature, model, control, { steps: 4, ...bound })(names);
      return settled.identity.settling;
    };
    let each = 0;
    for (const received of control.batches(model, firstStageOf(model, names))) {
      each = (4 * received.numel) / (received.shape[0] as number);
      break;
    }
    expect(groups()).toEqual({ steps: 4, groups: 4 });
    expect(groups(300 * each)).toEqual({ steps: 4, groups: 2 });
    expect(groups(0)).toEqual({ steps: 4, groups: 1 });
  });

  it('makes the metric that the editor asks for, where it is given no curvature', async () => {
    const small = { ...common, split, edits: 2 };
    const [average, ekfac, combined] = await Promise.all(
      (['kronecker', 'ekfac', 'combined'] as const).map((metric) =>
        evaluate(model, dataset, { ...small, editor: { ...editor, layers: 'fc', metric } }),
      ),
    );
    for (const { records } of [ekfac!, combined!])
      expect(records.map(({ index }) => index)).toEqual(average!.records.map(({ index }) => index));
    expect(new Set([average!.flips, ekfac!.flips, combined!.flips]).size).toBe(3);
  });

  it('counts right answers that turn wrong exactly', () => {
    using testSet = judgedImages(dataset, { ...common, split });
    using repairer = new GradientRepairer(model, testSet, editor, curvature);
    const { classes } = repairer.base;
    const counts = plain.records.slice(0, 4).map((record) =>
      scope(() => {
        const pixels = normalizeImages([split.image(record.index)], dataset.shape, dataset.normalization);
        const repair = repairer.repair(tensor(pixels, { shape: [1, ...dataset.shape] }), record.target);
        const after = repair.judge();
        const turned = [...after.keys()].filter((i) => classes[i] === repairer.labels[i] && after[i] !== classes[i]);
        return turned.length;
      }),
    );
    expect(plain.records.slice(0, 4).map((record) => record.negativeFlips)).toEqual(counts);
    const mean = plain.records.reduce((sum, record) => sum + record.negativeFlips, 0) / common.edits;
    expect(plain.negativeFlipRate).toBeCloseTo(mean / common.testImages, 12);
    for (const { negativeFlips, flips, drawdown } of plain.records) {
      expect(negativeFlips).toBeLessThanOrEqual(flips);
      expect(negativeFlips).toBeGreaterThanOrEqual(Math.round(drawdown * common.testImages));
    }
  });

  it('estimates the same on samples, close to exact', async () => {
    const sampled = await run({ precision: 0.006 });
    expect(sampled.successRate).toBe(1);
    expect(sampled.meanJudged).toBeLessThan(plain.meanJudged * 0.8);
    expect(Math.abs(sampled.drawdown - plain.drawdown)).toBeLessThan(0.006);
    expect(Math.abs(sampled.negativeFlipRate - plain.negativeFlipRate)).toBeLessThan(0.006);
    expect(plain.negativeFlipRate).toBeGreaterThan(0);
  });

  it('continues from its records, but not from those of other control images', async () => {
    const recordsFile = join(folder, 'records.jsonl');
    const made = async (options: Partial<EvaluateOptions> = {}): Promise<[Evaluation, number]> => {
      let count = 0;
      const onEdit = (): unknown => (count += 1);
      return [await run({ editor: withViews, recordsFile, onEdit, ...options }), count];
    };
    const [whole] = await made();
    expect(whole.records).toEqual(viewed.records);
    const lines = readFileSync(recordsFile, 'utf8').trimEnd().split('\n');
    writeFileSync(recordsFile, `${lines.slice(0, 4).join('\n')}\n`);
    const [continued, edits] = await made();
    expect(edits).toBe(common.edits - 3);
    expect(continued.records).toEqual(whole.records);
    expect((await made({ curvature: controlCurvature(model, controlOf(1)) }))[1]).toBe(common.edits);
    expect((await made({ editor }))[1]).toBe(common.edits);
  });

  it('computes its own curvature from training images where it is given none', async () => {
    const own = await run({ edits: 2, testImages: 100, curvature: undefined });
    expect(own.successRate).toBe(1);
  });

  it('holds no more tensors after than before', async () => {
    const few = { edits: 2, testImages: 100, editor: withViews };
    await run(few);
    const before = memory().tensors;
    await run(few);
    expect(memory().tensors).toBeLessThanOrEqual(before);
  });
});
