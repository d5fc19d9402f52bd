/** The curvature of a translation run's model, kept beside it: computed from training sentences at first use. */
import type { CurvatureOf } from '../editing/curvature/curvature.js';
import { disposeFactors, KroneckerCurvature } from '../editing/curvature/kronecker.js';
import { oncePerNames } from '../editing/curvature/once-per-names.js';
import {
  type ControlSentences,
  sentenceFactors,
  translationDamping,
} from '../evaluation/translation/control-sentences.js';
import { keptFactors, type RunCurvature, type RunFactorsOptions } from './kept-factors.js';
import type { TranslationRun } from './translation-run.js';

/** @throws as `keptFactors` */
export const translationFactors = (
  run: Pick<TranslationRun, 'folder' | 'model' | 'config'>,
  controlOf: () => ControlSentences,
  names: readonly string[],
  options: RunFactorsOptions = {},
): RunCurvature =>
  keptFactors(
    run,
    () => {
      const control = controlOf();
      const translator = { model: run.model, spec: run.config.model };
      return { hash: control.hash, factors: (own, sharing) => sentenceFactors(translator, control, own, sharing) };
    },
    names,
    options,
  );

/** For the editors of a translation run. */
export function translationCurvature(
  run: Pick<TranslationRun, 'folder' | 'model' | 'config'>,
  controlOf: () => ControlSentences,
  options: Pick<RunFactorsOptions, 'anyControl'> = {},
): CurvatureOf {
  return oncePerNames((names) => {
    const { factors, control } = translationFactors(run, controlOf, names, options);
    try {
      return new KroneckerCurvature(factors, { damping: translationDamping, control });
    } finally {
      disposeFactors(factors.layers);
    }
  });
}
