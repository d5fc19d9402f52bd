import { memory, type Tensor, tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { averageWeights } from './average-weights.js';

describe('averageWeights', () => {
  const one = new Map([['weight', tensor([1, 2])]]);

  it('takes the mean of each tensor, in its dtype, and leaves the checkpoints and no other tensor behind', () => {
    const before = memory().tensors;
    const mean = averageWeights([one, new Map([['weight', tensor([3, 6])]]), one]);
    const weight = mean.get('weight') as Tensor;
    expect(weight.dtype).toBe('float32');
    expect((weight.tolist() as number[]).map((each) => each.toFixed(4))).toEqual(['1.6667', '3.3333']);
    expect(one.get('weight')?.tolist()).toEqual([1, 2]);
    expect(memory().tensors).toBe(before + 2);
  });

  it('refuses checkpoints of different models, and none', () => {
    expect(() => averageWeights([one, new Map([['weight', tensor([1])]])])).toThrow(
      'averageWeights: expected checkpoints of one model, but weight of the first and of checkpoint 2 have different shapes.',
    );
    expect(() => averageWeights([one, new Map()])).toThrow(/weight of the first and of checkpoint 2/);
    expect(() => averageWeights([])).toThrow('averageWeights: expected at least one checkpoint, received none.');
  });
});
