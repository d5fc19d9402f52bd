import { memory } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { stream } from '../data/random.js';
import type { Matrix } from './matrix.js';
import { truncatedSvd } from './truncated-svd.js';

const matrix = (...rows: number[][]): Matrix => ({
  rows: rows.length,
  columns: rows[0]!.length,
  values: Float64Array.from(rows.flat()),
});

describe('truncatedSvd', () => {
  it('explains the variance of the scores, by hand: rows (1, 0) and (0, 2)', () => {
    // σ = 2 with scores 0, 2 (variance 1) and σ = 1 with scores 1, 0 (variance 1/4); the columns' variances sum to 5/4.
    const { singularValues, explainedVarianceRatio } = truncatedSvd(matrix([1, 0], [0, 2]));
    expect(Array.from(singularValues)).toEqual([expect.closeTo(2, 12), expect.closeTo(1, 12)]);
    expect(Array.from(explainedVarianceRatio)).toEqual([expect.closeTo(0.8, 12), expect.closeTo(0.2, 12)]);
  });

  it('does not centre: a common offset takes the first component and explains nothing', () => {
    // Rows (3, 1) and (3, −1): σ² = 18 with scores 3, 3 and σ² = 2 with scores 1, −1.
    const { singularValues, explainedVarianceRatio } = truncatedSvd(matrix([3, 1], [3, -1]));
    expect(singularValues[0]).toBeCloseTo(Math.sqrt(18), 12);
    expect(Array.from(explainedVarianceRatio)).toEqual([expect.closeTo(0, 12), expect.closeTo(1, 12)]);
  });

  it.each([
    [7, 4],
    [4, 7],
  ])('keeps all distances and all variance with all components of a %i × %i matrix', (rows, columns) => {
    const random = stream(1, 'svd');
    const values = Float64Array.from({ length: rows * columns }, () => random.normal());
    const { scores, explainedVarianceRatio } = truncatedSvd({ rows, columns, values });
    expect(scores).toMatchObject({ rows, columns: 4 });
    expect(explainedVarianceRatio.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 12);
    const distance = (of: Float64Array | Float32Array, width: number): number =>
      Math.hypot(...Array.from({ length: width }, (_, i) => of[i]! - of[width + i]!));
    expect(distance(scores.values, 4)).toBeCloseTo(distance(values, columns), 10);
  });

  it('gives the first components of the whole decomposition when fewer are asked for', () => {
    const random = stream(2, 'svd');
    const whole = { rows: 6, columns: 9, values: Float32Array.from({ length: 54 }, () => random.normal()) };
    const all = truncatedSvd(whole);
    const two = truncatedSvd(whole, { components: 2 });
    expect(Array.from(two.explainedVarianceRatio)).toEqual(Array.from(all.explainedVarianceRatio.slice(0, 2)));
    expect(two.scores.values).toHaveLength(12);
  });

  it('frees what it computes with', () => {
    const before = memory();
    truncatedSvd(matrix([1, 0], [0, 2]));
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  });

  it.each([
    ['more components than there can be', matrix([1, 0], [0, 2]), 3, 'a whole number from 1 to 2, received 3'],
    ['equal rows', matrix([1, 2], [1, 2]), 1, 'all rows are equal'],
    ['NaN', matrix([1, 2], [Number.NaN, 2]), 1, 'row 1 holds NaN'],
  ])('says what is wrong with %s', (_, values, components, message) => {
    expect(() => truncatedSvd(values, { components })).toThrow(message);
  });
});
