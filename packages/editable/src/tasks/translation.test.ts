import { cat, grad, manualSeed, randn, type Tensor, tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import type { TrainingBatch } from './task.js';
import { translationTask } from './translation.js';

const tokens = (rows: readonly (readonly number[])[]): Tensor =>
  tensor(BigInt64Array.from(rows.flat(), BigInt), { shape: [rows.length, (rows[0] as number[]).length] });
const batchOf = (target: Tensor): TrainingBatch<{ source: Tensor; target: Tensor }> => ({
  input: { source: target, target },
  target,
});

manualSeed(3);
const logits = randn([2, 3, 6]);
const target = tokens([
  [4, 5, 2],
  [5, 2, 1],
]);
const task = translationTask();

describe('translationTask', () => {
  it('gives the same loss, divergence and accuracy however much padding follows', () => {
    const wider = cat([logits, randn([2, 2, 6])], { dim: 1 });
    const padded = cat([target, tokens([Array(2).fill(1), Array(2).fill(1)])], { dim: 1 });
    const after = wider.add(randn([2, 5, 6]));
    expect(task.baseLoss(wider, batchOf(padded)).item()).toBeCloseTo(task.baseLoss(logits, batchOf(target)).item(), 5);
    expect(task.accuracy(wider, batchOf(padded)).item()).toBe(task.accuracy(logits, batchOf(target)).item());
    expect(task.divergence(wider, after, batchOf(padded)).item()).toBeCloseTo(
      task.divergence(logits, after.narrow(1, 0, 3), batchOf(target)).item(),
      5,
    );
  });

  it('is cross-entropy without smoothing, and counts each token once', () => {
    const plain = translationTask({ smoothing: 0 });
    const rows = logits.reshape([6, 6]).narrow(0, 0, 5);
    const expected = rows.crossEntropyLoss(tensor(BigInt64Array.from([4n, 5n, 2n, 5n, 2n])));
    expect(plain.baseLoss(logits, batchOf(target)).item()).toBeCloseTo(expected.item(), 5);
  });

  it('counts the tokens whose likeliest choice is right', () => {
    const sure = target
      .unsqueeze(-1)
      .eq(tensor(BigInt64Array.from([0n, 1n, 2n, 3n, 4n, 5n])))
      .to('float32');
    expect(task.accuracy(sure, batchOf(target)).item()).toBe(1);
    const oneWrong = tokens([
      [3, 5, 2],
      [5, 2, 1],
    ]);
    expect(task.accuracy(sure, batchOf(oneWrong)).item()).toBeCloseTo(0.8, 6);
  });

  it('has no divergence from itself, and one that is differentiable in the logits after', () => {
    const after = logits
      .add(randn([2, 3, 6]))
      .detach()
      .requiresGrad_();
    expect(task.divergence(logits, logits, batchOf(target)).item()).toBeCloseTo(0, 6);
    const [gradient] = grad(task.divergence(logits, after, batchOf(target)), [after]);
    expect((gradient as Tensor).select(0, 1).select(0, 2).abs().sum().item()).toBe(0); // at padding
    expect((gradient as Tensor).abs().sum().item()).toBeGreaterThan(0);
  });
});
