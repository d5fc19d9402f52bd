/** One sequence of repairs, or one set of them solved together. */
import type { EditorChoice, EditTargets, SequenceCheckpoint } from 'editable';

export interface SequenceRow {
  readonly training: string;
  readonly targets: EditTargets;
  readonly editor: string;
  readonly hyperparameters: EditorChoice['hyperparameters'];
  readonly layers: string | readonly string[];
  /** Before any edit, on the images that are judged and never edited. */
  readonly testError: number;
  readonly testImages: number;
  readonly edits: number;
  readonly successRate: number;
  readonly meanSteps: number;
  readonly checkpoints: readonly SequenceCheckpoint[];
  /** Solved together, by the natural editor. */
  readonly together?: 'in a row' | 'at once';
  /** Of the solutions alone, without judging. */
  readonly solveSeconds?: number;
  /** Of all solutions. */
  readonly steps?: number;
  /** Share of unseen views of the repaired images that follow. */
  readonly generality?: number | null;
  /** Pairs of repairs that cannot hold together. */
  readonly conflicts?: number;
}
