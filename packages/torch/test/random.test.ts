import { generatorState, manualSeed, rand, randn, randperm, setGeneratorState } from '@editable/torch';
import { describe, expect, it } from 'vitest';

describe('manualSeed', () => {
  it('starts the same numbers again', () => {
    manualSeed(7);
    const first = [randn([20]), rand([3]), randperm(10)].map((t) => t.tolist());
    manualSeed(7n);
    expect([randn([20]), rand([3]), randperm(10)].map((t) => t.tolist())).toEqual(first);
    manualSeed(8);
    expect(randn([20]).tolist()).not.toEqual(first[0]);
  });

  it('gives the numbers that PyTorch gives for that seed', () => {
    manualSeed(0);
    const values = randn([3]).tolist() as number[];
    for (const [i, wanted] of [1.540996, -0.293429, -2.178789].entries()) expect(values[i]).toBeCloseTo(wanted, 6);
  });
});

describe('generatorState', () => {
  it('continues the random numbers where they were, to the bit', () => {
    manualSeed(3);
    randn([5]); // an odd count: the generator holds half a pair of normal numbers
    const state = generatorState();
    expect([state.dtype, state.shape.length]).toEqual(['uint8', 1]);
    const wanted = [randn([7]), rand([4])].map((t) => t.tolist());
    randn([100]);
    setGeneratorState(state);
    expect([randn([7]), rand([4])].map((t) => t.tolist())).toEqual(wanted);
    expect(state.equal(generatorState())).toBe(false); // it is a copy
  });
});
