/** What every experiment of one call works with: the scale, the data, where things are kept, whom to tell. */
import { join } from 'node:path';
import type { ImageDataset, RepairEvaluationOptions } from 'editable';
import type { Scale } from './scale.js';
import type { Workshop } from './workshop.js';

export interface Session extends Workshop {
  readonly scale: Scale;
  readonly dataset: ImageDataset;
  /** Where published checkpoints are looked for. */
  readonly weights: readonly string[];
  /** Judge drawdown on all test images, whatever the scale says. */
  readonly exact: boolean;
}

/** One file of tuning trials for all experiments: the same trial is made once. */
export const trialsFile = ({ work }: Session): string => join(work, 'trials.jsonl');

/** How the scale judges: on all images or some, exactly or by samples. */
export const judging = ({
  scale,
  exact,
}: Session): Pick<RepairEvaluationOptions, 'testImages' | 'precision' | 'reducedPrecision'> => ({
  reducedPrecision: true,
  ...(scale.testImages === null ? {} : { testImages: scale.testImages }),
  ...(scale.precision === null || exact ? {} : { precision: scale.precision }),
});
