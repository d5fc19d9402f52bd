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

/** In place of a learning rate: each step as long as would bring l_e to 0 if it were linear (Polyak, 1987). */
export const polyak = 'polyak';

export type Hyperparameters = Readonly<Record<string, Hyperparameter | typeof polyak>>;

/** As files and reports have it. */
export type HyperparameterValue = number | typeof polyak;

export interface Editor<State = unknown> {
  readonly name: string;
  readonly hyperparameters: Hyperparameters;
  readonly ranges: Readonly<Record<string, HyperparameterRange>>;
  /** The same rule with some hyperparameters replaced. @throws EditableError INVALID_ARGUMENT for unknown names or numbers out of range */
  with(hyperparameters: Hyperparameters): Editor<State>;
  /** State before the first step. */
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
  /** State before the first step. */
  init(): State;
  /** One step; `hyperparameters` are numbers or tensors, which gradients may flow to. */
  update(
    step: EditStep,
    state: State,
    hyperparameters: Readonly<Record<string, Hyperparameter>>,
  ): { theta: Tensor[]; state: State };
  readonly curvature?: Curvature;
}

export const learningRateRange: HyperparameterRange = { min: 1e-8, max: 1e3, logarithmic: true };

/** The editor of a rule. @throws EditableError INVALID_ARGUMENT for unknown hyperparameters or numbers out of range */
export function defineEditor<State>(rule: EditorRule<State>, changes: Hyperparameters = {}): Editor<State> {
  const hyperparameters = { ...rule.hyperparameters, ...changes };
  for (const [name, value] of Object.entries(hyperparameters)) check(rule, name, value);
  return {
    name: rule.name,
    hyperparameters,
    ranges: rule.ranges,
    with: (more) => defineEditor(rule, { ...changes, ...more }),
    init: rule.init,
    update: (step, state) =>
      hyperparameters.learningRate === polyak
        ? polyakStep(rule, step, state, hyperparameters)
        : rule.update(step, state, hyperparameters as Readonly<Record<string, Hyperparameter>>),
    ...(rule.curvature === undefined ? {} : { curvature: rule.curvature }),
  };
}

/** Polyak's steps end just short of the boundary; this many nats beyond it they do not. */
const polyakOvershoot = 0.1;
/** A direction that hardly falls, as Adam's and Momentum's may, is not followed for ever: least cosine to the gradient. */
const leastCosine = 0.01;

/** θ − (l_e + m) d / ⟨g, d⟩, d being the rule's own step at learning rate 1. */
function polyakStep<State>(
  rule: EditorRule<State>,
  step: EditStep,
  state: State,
  hyperparameters: Hyperparameters,
): { theta: Tensor[]; state: State } {
  const { theta, gradients, loss } = step;
  const own = { ...hyperparameters, learningRate: 1 } as Readonly<Record<string, Hyperparameter>>;
  const next = rule.update(step, state, own);
  const direction = theta.map((t, i) => t.sub(next.theta[i] as Tensor));
  const slope = innerProduct(gradients, direction);
  const least = innerProduct(gradients, gradients).mul(innerProduct(direction, direction)).sqrt().mul(leastCosine);
  const size = loss.add(polyakOvershoot).div(slope.maximum(least));
  return { theta: theta.map((t, i) => t.sub((direction[i] as Tensor).mul(size))), state: next.state };
}

function check(rule: EditorRule<unknown>, name: string, value: Hyperparameter | typeof polyak): void {
  const range = rule.ranges[name];
  if (range === undefined) {
    const known = Object.keys(rule.ranges).join(', ');
    throw new EditableError('INVALID_ARGUMENT', `${rule.name}: there is no hyperparameter "${name}"; known: ${known}.`);
  }
  if (value === polyak && name !== 'learningRate') {
    throw new EditableError('INVALID_ARGUMENT', `${rule.name}: expected a number for ${name}, received "${value}".`);
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
export const hyperparameterValues = (editor: Editor): Record<string, HyperparameterValue> =>
  Object.fromEntries(
    Object.entries(editor.hyperparameters).map(([name, value]) => [
      name,
      typeof value === 'object' ? value.item() : value,
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
