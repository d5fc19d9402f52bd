import { describe, expect, it } from 'vitest';
import { stream } from '../../data/random.js';
import { nonNegative } from './non-negative.js';

const random = stream(4, 'non-negative');
const centred = (): number => random.uniform(-1, 1);

/** JJᵀ of `size` rows of `width` numbers. */
function gramOf(rows: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(
    rows.flatMap((a) => rows.map((b) => a.reduce((sum, each, i) => sum + each * (b[i] as number), 0))),
  );
}

const times = (matrix: Float64Array, vector: Float64Array): number[] =>
  Array.from(vector, (_, i) => vector.reduce((sum, each, j) => sum + each * matrix[i * vector.length + j]!, 0));

const objective = (matrix: Float64Array, target: Float64Array, mu: Float64Array): number =>
  times(matrix, mu).reduce((sum, each, i) => sum + (each / 2 - target[i]!) * mu[i]!, 0);

/** The minimum over μ ≥ 0 by every set of multipliers that may be above 0: the best of those that are feasible. */
function bruteForce(matrix: Float64Array, target: Float64Array): number {
  const size = target.length;
  let best = 0;
  for (let set = 1; set < 2 ** size; set++) {
    const chosen = Array.from({ length: size }, (_, i) => i).filter((i) => set & (1 << i));
    const solved = solve(
      chosen.map((i) => chosen.map((j) => matrix[i * size + j]!)),
      chosen.map((i) => target[i]!),
    );
    if (solved === undefined || solved.some((each) => each < 0)) continue;
    const mu = new Float64Array(size);
    for (const [k, i] of chosen.entries()) mu[i] = solved[k]!;
    best = Math.min(best, objective(matrix, target, mu));
  }
  return best;
}

/** Gauss's elimination; undefined for a singular matrix. */
function solve(matrix: number[][], target: number[]): number[] | undefined {
  const rows = matrix.map((row, i) => [...row, target[i]!]);
  for (let at = 0; at < rows.length; at++) {
    const pivot = rows.reduce(
      (best, row, i) => (i >= at && Math.abs(row[at]!) > Math.abs(rows[best]![at]!) ? i : best),
      at,
    );
    [rows[at], rows[pivot]] = [rows[pivot]!, rows[at]!];
    if (Math.abs(rows[at]![at]!) < 1e-9) return undefined;
    for (const [i, row] of rows.entries()) {
      if (i === at) continue;
      const factor = row[at]! / rows[at]![at]!;
      for (let j = at; j < row.length; j++) row[j]! -= factor * rows[at]![j]!;
    }
  }
  return rows.map((row, i) => row.at(-1)! / row[i]!);
}

describe('nonNegative', () => {
  it('finds the least value that any set of active multipliers gives', () => {
    for (let problem = 0; problem < 200; problem++) {
      const size = 1 + (problem % 6);
      const matrix = gramOf(Array.from({ length: size }, () => Array.from({ length: size + 2 }, centred)));
      const target = Float64Array.from({ length: size }, centred);
      const found = nonNegative(matrix, target);
      expect(Math.min(...found)).toBeGreaterThanOrEqual(0);
      const wanted = bruteForce(matrix, target);
      expect(objective(matrix, target, found), `problem ${problem}`).toBeCloseTo(wanted, 6);
    }
  });

  it('meets rows that are given twice, and ignores those without a gradient', () => {
    const matrix = gramOf([
      [1, 2],
      [1, 2],
      [0, 0],
      [2, -1],
    ]);
    const target = Float64Array.of(5, 5, 3, 10);
    const found = nonNegative(matrix, target);
    expect(found[2]).toBe(0);
    const met = times(matrix, found);
    expect([met[0], met[1], met[3]].map((each) => Math.round(each! * 1e6) / 1e6)).toEqual([5, 5, 10]);
  });

  it('is 0 where nothing is lacking, and no more than `most`', () => {
    expect([
      ...nonNegative(
        gramOf([
          [1, 0],
          [0, 1],
        ]),
        Float64Array.of(-1, 0),
      ),
    ]).toEqual([0, 0]);
    expect([
      ...nonNegative(
        gramOf([
          [1, 0],
          [0, 1],
        ]),
        Float64Array.of(3, 1),
        { most: 2 },
      ),
    ]).toEqual([2, 1]);
  });
});
