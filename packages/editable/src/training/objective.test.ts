import { randn, scope, tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { createModel } from '../models/registry.js';
import { baseObjective } from './objective.js';
import { checkTraining, defaultTraining } from './settings.js';

const model = createModel({ kind: 'resnet18', width: 2, inChannels: 1, classes: 3 });

describe('baseObjective', () => {
  it('is the divergence from the teacher where the batch has one, and the labels do not matter', () => {
    scope(() => {
      const images = randn([4, 1, 8, 8]);
      const teacher = randn([4, 3]);
      const objectives = [
        [0, 0, 0, 0],
        [2, 1, 2, 1],
      ].map((labels) =>
        baseObjective(model, model.parameters, { images, labels: tensor(BigInt64Array.from(labels, BigInt)), teacher }),
      );
      const logits = model.call(images, { training: true }).output;
      const softmax = (row: readonly number[]): number[] => {
        const total = row.reduce((sum, value) => sum + Math.exp(value), 0);
        return row.map((value) => Math.exp(value) / total);
      };
      const rows = (values: ArrayLike<number>): number[][] =>
        [0, 1, 2, 3].map((i) => softmax(Array.from(values).slice(3 * i, 3 * i + 3)));
      const [p, q] = [rows(teacher.data() as Float32Array), rows(logits.data() as Float32Array)];
      const expected = p.flatMap((row, i) => row.map((value, j) => value * Math.log(value / q[i]![j]!)));
      const mean = expected.reduce((sum, value) => sum + value, 0) / 4;
      expect(objectives[0]!.base.item()).toBeCloseTo(mean, 5);
      expect(objectives[1]!.base.item()).toBe(objectives[0]!.base.item());
    });
  });
});

describe('checkTraining', () => {
  it('refuses distillation without a run to start from', () => {
    expect(() => checkTraining({ ...defaultTraining, baseLoss: 'distillation' })).toThrow(/baseLoss: expected/);
    expect(() => checkTraining({ ...defaultTraining, baseLoss: 'distillation', from: 'runs/plain' })).not.toThrow();
  });
});
