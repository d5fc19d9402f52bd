/** The curvature of a run's model, kept beside it as curvature.safetensors: computed at first use, read afterwards. */
import type { CurvatureOf } from '../editing/curvature/curvature.js';
import { disposeFactors, KroneckerCurvature } from '../editing/curvature/kronecker.js';
import { oncePerNames } from '../editing/curvature/once-per-names.js';
import { type ControlImages, controlCurvature, controlFactors, usualDamping } from '../evaluation/control-curvature.js';
import { keptFactors, type RunCurvature, type RunFactorsOptions } from './kept-factors.js';
import type { Run } from './run.js';

export type { RunCurvature, RunFactorsOptions } from './kept-factors.js';

/** Drawn when they are needed: a run that has its factors needs none. */
export type ControlOf = ControlImages | (() => ControlImages);

/**
 * The factors of some parameters of a run's model, read where the file has them of these control images, else computed and
 * written. @throws as `keptFactors`
 */
export const runFactors = (
  run: Run,
  controlOf: ControlOf,
  names: readonly string[],
  options: RunFactorsOptions = {},
): RunCurvature =>
  keptFactors(
    run,
    () => {
      const control = drawn(controlOf);
      return { hash: control.hash, factors: (own, sharing) => controlFactors(run.model, control, own, sharing) };
    },
    names,
    options,
  );

const drawn = (control: ControlOf): ControlImages => (typeof control === 'function' ? control() : control);

/** For the editors of a run. A TorchScript model's is made of gradients of single images, and not kept: it is large. */
export function runCurvature(
  run: Run,
  control: ControlOf,
  options: Pick<RunFactorsOptions, 'anyControl'> = {},
): CurvatureOf {
  if (run.model.layers.length === 0) return controlCurvature(run.model, drawn(control));
  return oncePerNames((names) => {
    const { factors, control: of } = runFactors(run, control, names, options);
    try {
      return new KroneckerCurvature(factors, { damping: usualDamping, control: of });
    } finally {
      disposeFactors(factors.layers);
    }
  });
}
