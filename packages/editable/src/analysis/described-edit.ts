/** One edit among those that descriptors are made of, and what it did to each class. */
import type { EditTask } from '../evaluation/edit-tasks.js';

export interface DescribedEdit extends EditTask {
  /** True class of the edited image. */
  readonly label: number;
  /** What the unedited model said. */
  readonly predicted: number;
  readonly success: boolean;
  /** 0: the constraint held from the start, nothing was changed, and the descriptor is zero. */
  readonly steps: number;
  /** For each true class of the judged images, share of errors after − before; null for a class without images. */
  readonly classDrawdown: readonly (number | null)[];
}
