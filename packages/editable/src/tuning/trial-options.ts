/** How trials are made, whatever is searched for. */
import type { Device, ProcessGroup } from '@editable/torch';
import type { Normalization } from '../data/index.js';
import type { CurvatureOf } from '../editing/curvature/curvature.js';

export interface TrialOptions {
  /** Edits a trial; default 40. */
  readonly edits?: number;
  /** Validation images that drawdown is judged on; default 1,000. */
  readonly images?: number;
  /** k; default 10. */
  readonly maxSteps?: number;
  /** Steps that trials may take: fewer than `maxSteps` leaves edits a margin. Default: `maxSteps`. */
  readonly searchSteps?: number;
  /** Share of edits that must succeed for hyperparameters to qualify; the paper's 0.95 where left out. */
  readonly minimumSuccess?: number;
  readonly seed?: number;
  readonly normalization?: Normalization;
  readonly device?: Device;
  /** As for `evaluate`: the same trials, sooner. */
  readonly reducedPrecision?: boolean;
  /** For the natural editor; default: computed from training images. */
  readonly curvature?: CurvatureOf | undefined;
  /** JSON lines of trials; a search of the same model with the same settings continues from it. */
  readonly trialsFile?: string | undefined;
  /** Processes that each call the search with the same: they share the edits of every trial, and all find the same. */
  readonly group?: ProcessGroup | undefined;
}

type Open = 'normalization' | 'device' | 'trialsFile' | 'curvature' | 'group';

/** With the defaults in place; the data set's normalization and the CPU are filled in where they are used. */
export type TrialSettings = Required<Omit<TrialOptions, Open>> & Pick<TrialOptions, Open>;

export const trialSettings = (options: TrialOptions): TrialSettings => {
  const { maxSteps = 10, edits = 40, images = 1000, minimumSuccess = 0.95, seed = 0 } = options;
  const {
    searchSteps = maxSteps,
    reducedPrecision = false,
    normalization,
    device,
    trialsFile,
    curvature,
    group,
  } = options;
  return {
    edits,
    images,
    maxSteps,
    searchSteps,
    minimumSuccess,
    seed,
    reducedPrecision,
    trialsFile,
    curvature,
    group,
    ...(normalization ? { normalization } : {}),
    ...(device ? { device } : {}),
  };
};
