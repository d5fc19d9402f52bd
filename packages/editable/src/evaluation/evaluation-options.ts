/** Which repairs are made, and which images they are judged on and how, whatever the way to repair. */
import type { Device } from '@editable/torch';
import type { ImageSplit, Normalization } from '../data/index.js';
import type { Share } from '../sharing/share.js';
import type { EditTargets } from './edit-tasks.js';

export interface RepairEvaluationOptions {
  readonly edits: number;
  /** Judge drawdown on a random sample of so many test images, the same for every edit; default: all. */
  readonly testImages?: number;
  /**
   * Judge each edit on a stratified sample of its own, just large enough that mean drawdown over the edits is known to
   * ± this (half-width of the 95 % interval that sampling accounts for); default: exactly, on all test images.
   */
  readonly precision?: number;
  /**
   * Judge in bfloat16 where that is faster here, and again in float32 where rounding could change a class: the same
   * records, sooner. TestSet has it.
   */
  readonly reducedPrecision?: boolean;
  readonly seed?: number;
  readonly targets?: EditTargets;
  /** Augmented views an edit, for generality. */
  readonly views?: number;
  readonly normalization?: Normalization;
  readonly device?: Device;
  /** Which images are edited and judged; default: the data set's test split. Tuning gives its validation images. */
  readonly split?: ImageSplit;
  /** JSON lines of per-edit records; an evaluation of the same model and settings continues from it. */
  readonly recordsFile?: string;
  /** Only this share of the edits: consecutive ones, each made and judged as if all were. */
  readonly share?: Share;
  /** After each edit: its record, how many are done, of how many. */
  readonly onEdit?: (done: number, total: number) => void;
}
