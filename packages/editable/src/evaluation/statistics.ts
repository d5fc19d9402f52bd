/** Means with their confidence. */

export interface Estimate {
  readonly mean: number;
  /** 95 % interval of the mean (normal approximation). */
  readonly interval: [low: number, high: number];
}

/** Mean, standard error and 95 % interval of independent values. */
export function estimate(values: readonly number[]): Estimate {
  const mean = average(values);
  const variance =
    values.length < 2 ? 0 : values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const half = 1.96 * Math.sqrt(variance / Math.max(values.length, 1));
  return { mean, interval: [mean - half, mean + half] };
}

/** Arithmetic mean; NaN of none. */
export const average = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
