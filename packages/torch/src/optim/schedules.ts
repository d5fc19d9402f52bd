/** Learning rates as pure functions of the step, counted from 0. Beyond their last step they stay at their last value. */
export type Schedule = (step: number) => number;

/** Always `learningRate`. */
export const constant =
  (learningRate: number): Schedule =>
  () =>
    learningRate;

/** From `start` × the schedule's value up to all of it over `steps` steps, in a straight line. */
export const linearWarmup =
  (schedule: Schedule | number, { steps, start = 0 }: { readonly steps: number; readonly start?: number }): Schedule =>
  (step) => {
    const target = typeof schedule === 'number' ? schedule : schedule(step);
    return step >= steps ? target : target * (start + (1 - start) * (step / steps));
  };

/**
 * The schedule's value up to the last `steps` of all `of` steps, in which it is multiplied by what falls from 1 to 0 in a straight
 * line (Hägele et al., 2024, "cooldown").
 */
export const linearCooldown =
  (schedule: Schedule | number, { steps, of }: { readonly steps: number; readonly of: number }): Schedule =>
  (step) => {
    const before = typeof schedule === 'number' ? schedule : schedule(step);
    return before * Math.min(1, Math.max(0, of - step) / Math.max(steps, 1));
  };

/** Half a cosine from `learningRate` to `final` over `steps` steps (torch's CosineAnnealingLR). */
export const cosine =
  (learningRate: number, { steps, final = 0 }: { readonly steps: number; readonly final?: number }): Schedule =>
  (step) =>
    anneal(learningRate, final, step / steps);

/** `learningRate` times `factor` once more at each of `at` (torch's MultiStepLR), or every `every` steps (StepLR). */
export const stepDecay =
  (
    learningRate: number,
    {
      factor = 0.1,
      ...when
    }: { readonly factor?: number } & ({ readonly every: number } | { readonly at: readonly number[] }),
  ): Schedule =>
  (step) => {
    const times =
      'every' in when ? Math.floor(step / when.every) : when.at.filter((milestone) => milestone <= step).length;
    return learningRate * factor ** times;
  };

/**
 * From `start` up to `highest` over `warmUp` steps in a straight line, then falling with the inverse square root of the
 * step (Vaswani et al., 2017, equation 3; fairseq's inverse_sqrt). The first step's rate is `start` itself.
 */
export const inverseSquareRoot = (
  highest: number,
  { warmUp, start = 0 }: { readonly warmUp: number; readonly start?: number },
): Schedule => {
  const before = Math.max(warmUp, 1);
  return (step) =>
    step < warmUp ? start + (highest - start) * (step / warmUp) : highest * Math.sqrt(before / Math.max(step, before));
};

export interface OneCycleOptions {
  /** Steps of the whole run. */
  readonly steps: number;
  /** Share of the steps in which the rate rises. */
  readonly rise?: number;
  /** The first rate is the highest divided by this. */
  readonly startDivisor?: number;
  /** The last rate is the first divided by this. */
  readonly finalDivisor?: number;
}

/** Up to `highest` and down to almost nothing, both by half a cosine (Smith & Topin, 2018; torch's OneCycleLR). */
export const oneCycle = (
  highest: number,
  { steps, rise = 0.3, startDivisor = 25, finalDivisor = 1e4 }: OneCycleOptions,
): Schedule => {
  const first = highest / startDivisor;
  const peak = rise * steps - 1;
  return (step) =>
    step <= peak
      ? anneal(first, highest, step / peak)
      : anneal(highest, first / finalDivisor, (step - peak) / (steps - 1 - peak));
};

/** Half a cosine from `from` at 0 to `to` at 1. */
const anneal = (from: number, to: number, progress: number): number =>
  to + ((from - to) * (1 + Math.cos(Math.PI * Math.min(progress, 1)))) / 2;
