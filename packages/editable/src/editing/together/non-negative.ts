/** The dual of a projection: least ½ μᵀKμ − bᵀμ over μ ≥ 0, by coordinate descent (Hildreth, 1957). */

export interface NonNegativeOptions {
  /** No multiplier grows beyond this: constraints that contradict each other then end as a compromise. */
  readonly most?: number;
  /** Ends once no step is larger than this part of the largest multiplier. */
  readonly tolerance?: number;
  readonly maxSweeps?: number;
}

/** `matrix`: K, symmetric and positive semi-definite, row by row; `target`: b. Returns μ. */
export function nonNegative(
  matrix: Float64Array,
  target: Float64Array,
  { most = Number.POSITIVE_INFINITY, tolerance = 1e-9, maxSweeps = 2000 }: NonNegativeOptions = {},
): Float64Array {
  const size = target.length;
  const found = new Float64Array(size);
  const slack = Float64Array.from(target, (value) => -value); // Kμ − b
  for (let sweep = 0; sweep < maxSweeps; sweep++) {
    let [largestStep, largest] = [0, 0];
    for (let i = 0; i < size; i++) {
      const row = i * size;
      const diagonal = matrix[row + i] as number;
      if (!(diagonal > 0)) continue;
      const before = found[i] as number;
      const after = Math.min(most, Math.max(0, before - (slack[i] as number) / diagonal));
      const step = after - before;
      largest = Math.max(largest, after);
      if (step === 0) continue;
      found[i] = after;
      largestStep = Math.max(largestStep, Math.abs(step));
      for (let j = 0; j < size; j++) slack[j] = (slack[j] as number) + step * (matrix[row + j] as number);
    }
    if (largestStep <= tolerance * largest) break;
  }
  return found;
}
