import { describe, expect, it } from 'vitest';
import { batchSizeOf, catTrees, leavesOf, mapTree, tensor } from './index.js';

describe('mapTree', () => {
  it('changes every tensor and keeps the form', () => {
    const doubled = mapTree({ source: tensor([1, 2]), mask: undefined, parts: [tensor([3])] }, (leaf) => leaf.mul(2));
    expect([...doubled.source.data()]).toEqual([2, 4]);
    expect([...(doubled.parts[0]?.data() ?? [])]).toEqual([6]);
    expect(doubled.mask).toBeUndefined();
  });

  it('is the change itself for a tensor alone', () => {
    expect([...mapTree(tensor([1]), (leaf) => leaf.neg()).data()]).toEqual([-1]);
  });
});

describe('leavesOf', () => {
  it('lists tensors by the order of keys', () => {
    expect(leavesOf({ b: tensor([1]), a: [tensor([2]), tensor([3])] }).map((leaf) => leaf.item())).toEqual([1, 2, 3]);
  });
});

describe('catTrees', () => {
  it('joins leaf by leaf along dimension 0', () => {
    const joined = catTrees([
      { source: tensor([1, 2]), target: tensor([5]) },
      { source: tensor([3]), target: tensor([6]) },
    ]);
    expect([...joined.source.data()]).toEqual([1, 2, 3]);
    expect([...joined.target.data()]).toEqual([5, 6]);
  });

  it('gives one tree back as it is', () => {
    const only = { source: tensor([1]) };
    expect(catTrees([only])).toBe(only);
  });
});

describe('batchSizeOf', () => {
  it('is the first tensor’s length along dimension 0', () => {
    expect(batchSizeOf({ source: tensor([[1], [2], [3]]), target: tensor([[1, 1]]) })).toBe(3);
  });
});
