/** The editor: a pure, differentiable update rule (paper, section 3.1). Alternatives stand side by side in editors/. */
import type { Tensor } from '@editable/torch';
import { EditableError } from '../errors.js';
import type { Curvature } from './curvature/curvature.js';

/** A number, or a 0-dimensional tensor where it is learned (then the result is differentiable in it). */
export type Hyperparameter = number | Tensor;

/** Where a hyperparameter may lie, and whether it is best searched and learned by its logarithm. */
export interface HyperparameterRange {
  readonly min: number;
  readonly max: number;
  readonly logarithmic: boolean;
}

export type Hyperparameters = Readonly<Record<string, Hyperparameter>>;

export interface Editor<State = unknown> {
  readonly name: string;
  readonly hyperparameters: Hyperparameters;
  readonly ranges: Readonly<Record<string, HyperparameterRange>>;
  /** The same rule with some hyperparameters replaced. @throws EditableError INVALID_ARGUMENT for unknown names or numbers out of range */
  with(hyperparameters: Hyperparameters): Editor<State>;
  init(): State;
  /** One step: the next parameters and state. Never writes in place. */
  update(step: EditStep, state: State): { theta: Tensor[]; state: State };
  /**
   * The metric that steps are projections in. An edit with such an editor meets every example of its constraint at once,
   * each with a multiplier of its own, instead of the sum of what they lack.
   */
  readonly curvature?: Curvature;
}

/** Where an edit stands before a step. */
export interface EditStep {
  readonly theta: readonly Tensor[];
  /** ∇l_e(θ), tensor by tensor. */
  readonly gradients: readonly Tensor[];
  /** l_e(θ), a scalar above 0. */
  readonly loss: Tensor;
}

/** What an editor's file states; `defineEditor` makes the Editor of it. */
export interface EditorRule<State> {
  readonly name: string;
  readonly hyperparameters: Hyperparameters;
  readonly ranges: Readonly<Record<string, HyperparameterRange>>;
  init(): State;
  update(step: EditStep, state: State, hyperparameters: Hyperparameters): { theta: Tensor[]; state: State };
  readonly curvature?: Curvature;
}

export const learningRateRange: HyperparameterRange = { min: 1e-8, max: 1e3, logarithmic: true };

export function defineEditor<State>(rule: EditorRule<State>, changes: Hyperparameters = {}): Editor<State> {
  const hyperparameters = { ...rule.hyperparameters, ...changes };
  for (const [name, value] of Object.entries(hyperparameters)) check(rule, name, value);
  return {
    name: rule.name,
    hyperparameters,
    ranges: rule.ranges,
    with: (more) => defineEditor(rule, { ...changes, ...more }),
    init: rule.init,
    update: (step, state) => rule.update(step, state, hyperparameters),
    ...(rule.curvature === undefined ? {} : { curvature: rule.curvature }),
  };
}

function check(rule: EditorRule<unknown>, name: string, value: Hyperparameter): void {
  const range = rule.ranges[name];
  if (range === undefined) {
    const known = Object.keys(rule.ranges).join(', ');
    throw new EditableError('INVALID_ARGUMENT', `${rule.name}: there is no hyperparameter "${name}"; known: ${known}.`);
  }
  if (typeof value === 'number' && !(value >= range.min && value <= range.max)) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `${rule.name}: expected ${name} from ${range.min} to ${range.max}, received ${value}.`,
    );
  }
}

/** θ − α·step, in one pass over memory where α is a plain number. */
export const descend = (theta: Tensor, step: Tensor, alpha: Hyperparameter): Tensor =>
  typeof alpha === 'number' ? theta.sub(step, { alpha }) : theta.sub(step.mul(alpha));

/** θ − α·numerator/denominator, in one pass over memory where α is a plain number. */
export const descendQuotient = (
  theta: Tensor,
  numerator: Tensor,
  denominator: Tensor,
  alpha: Hyperparameter,
): Tensor =>
  typeof alpha === 'number'
    ? theta.addcdiv(numerator, denominator, { value: -alpha })
    : theta.sub(numerator.div(denominator).mul(alpha));

/** 1 − h for a number or a learned tensor. */
export const complement = (h: Hyperparameter): Hyperparameter => (typeof h === 'number' ? 1 - h : h.neg().add(1));

/** The hyperparameters as numbers, for reports and files. */
export const hyperparameterValues = (editor: Editor): Record<string, number> =>
  Object.fromEntries(
    Object.entries(editor.hyperparameters).map(([name, value]) => [
      name,
      typeof value === 'number' ? value : value.item(),
    ]),
  );

/** Clamps to the range in the forward pass; the gradient passes through unchanged (straight-through). */
export const clampStraightThrough = (value: Tensor, { min, max }: HyperparameterRange): Tensor =>
  value.add(value.detach().clamp({ min, max }).sub(value.detach()));

/** Σ ⟨a_i, b_i⟩ over all tensors, a scalar. */
export const innerProduct = (a: readonly Tensor[], b: readonly Tensor[]): Tensor =>
  a.map((each, i) => each.mul(b[i] as Tensor).sum()).reduce((sum, each) => sum.add(each));

/** value + h for a number or a learned tensor. */
export const plus = (value: Tensor, h: Hyperparameter): Tensor => (typeof h === 'number' ? value.add(h) : value.add(h));
