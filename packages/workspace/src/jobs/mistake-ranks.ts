/** Which ranks the right classes have where a network is wrong: what "match ranks" draws the targets of training edits from. */
import type { Device } from '@editable/torch';
import { basePredictions, type ImageDataset, openRun, referenceRanks, trainingSplits } from 'editable';
import { WorkspaceError } from '../errors.js';

/**
 * The ranks over a run's mistakes on the training images (section 4.3.1); no image that anything is evaluated on takes part.
 *
 * @throws WorkspaceError INVALID_ARGUMENT where it makes none
 */
export function mistakeRanks(folder: string, dataset: ImageDataset, device: Device): readonly number[] {
  const { model, config } = openRun(folder, { device });
  const { train } = trainingSplits(dataset);
  const ranks = referenceRanks(
    basePredictions(model, train, { normalization: config.normalization, device }),
    train.labels,
  );
  if (ranks.length > 0) return ranks;
  throw new WorkspaceError(
    'INVALID_ARGUMENT',
    `ranks: expected mistakes on training images, ${folder} makes none on ${train.length}; train on random targets.`,
  );
}
