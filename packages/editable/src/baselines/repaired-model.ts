/** What most baselines' repairs have in common: one model in place of another, and the case where nothing had to change. */
import { type nn, noGrad, scope } from '@editable/torch';
import type { Constraint } from '../editing/constraint.js';
import { EditableError } from '../errors.js';
import type { Activations } from '../evaluation/activations.js';
import { classesOf } from '../evaluation/predictions.js';
import type { Repair, Repairer } from '../evaluation/repairer.js';
import type { TestSet } from '../evaluation/test-set.js';

/** Where a repaired model's answers on the judged images come from. */
export interface JudgedBy {
  readonly testSet: TestSet;
  /** Of the stages that the repair leaves alone. */
  readonly activations: Activations;
}

/** A repair that puts `model` in place of the one before. */
export const repairedModel = (
  model: nn.Model,
  { testSet, activations }: JudgedBy,
  outcome: { readonly success: boolean; readonly steps: number; readonly loss: number },
): Repair => ({
  ...outcome,
  changed: outcome.steps > 0,
  judge: (positions) => testSet.predict(model, activations, positions),
  classify: (images) => classesOf(model, images),
});

/** The repair of an input that was right already. */
export const unchanged = (repairer: Pick<Repairer, 'base' | 'classify'>, loss: number | null): Repair => ({
  success: true,
  steps: 0,
  loss,
  changed: false,
  judge: (positions) => atPositions(repairer.base.classes, positions),
  classify: (images) => repairer.classify(images),
});

/** The values at `positions`, in their order; a copy of all where none are given. */
export const atPositions = (values: Int32Array, positions: readonly number[] | undefined): Int32Array =>
  positions === undefined ? values.slice() : Int32Array.from(positions, (position) => values[position]!);

/** l_e of a model as a number. @throws EditableError NOT_FINITE where the model gives NaN on the constraint's input */
export const lossOf = (model: nn.Model, constraint: Constraint): number =>
  finiteLoss(scope(() => noGrad(() => constraint.loss(model.call(constraint.input).output).item())));

/** An l_e from before any step. @throws EditableError NOT_FINITE for NaN */
export function finiteLoss(loss: number): number {
  if (!Number.isNaN(loss)) return loss;
  throw new EditableError(
    'NOT_FINITE',
    'repair: the model gives NaN on this input; its weights or the input are not finite.',
  );
}

/** How many classes a model tells apart, from its answer to one judged image. */
export const classesOfModel = (model: nn.Model, testSet: TestSet): number =>
  scope(() =>
    noGrad(() => {
      const [classes] = testSet.images.over((image) => model.call(image).output.shape[1], [0]);
      return classes as number;
    }),
  );
