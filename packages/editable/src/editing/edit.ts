/** The editing loop (equation 1): up to k steps on the chosen parameters, stopping as soon as the constraint holds. */
import { enableGrad, grad, type nn, noGrad, scope, type Tensor, type Tree, withThreads } from '@editable/torch';
import { EditableError } from '../errors.js';
import type { Constraint } from './constraint.js';
import type { Editor } from './editor.js';
import { firstStageOf, type LayerSelection, selectParameters } from './layers.js';
import { named } from './named.js';
import { threadsFor } from './threads.js';
import { editTogether } from './together/edit-together.js';

export interface EditOptions {
  readonly editor: Editor;
  /** Which parameters may change; default: all. */
  readonly layers?: LayerSelection;
  /** k; default 10. */
  readonly maxSteps?: number;
}

export interface EditResult<Input extends Tree = Tensor, State extends Tree = Input> {
  /** The edited model; it shares every tensor that the edit did not change. The given model is left as it was. */
  readonly model: nn.Model<Input, State>;
  /** The constraint holds. A failed edit is a result, not an error. */
  readonly success: boolean;
  readonly steps: number;
  /** l_e after the last step. */
  readonly loss: number;
  /** Names of the changed parameters; none if the constraint held from the start. */
  readonly changed: readonly string[];
}

export interface Trajectory {
  readonly theta: readonly Tensor[];
  readonly success: boolean;
  readonly steps: number;
  /** l_e(θ̂), a scalar. */
  readonly loss: Tensor;
}

export interface EditLoopOptions {
  readonly editor: Editor;
  readonly maxSteps: number;
  /** Keep the graph from θ to θ̂. */
  readonly differentiable: boolean;
  /** With `differentiable`: treat each step's gradient as a constant (first-order approximation). */
  readonly firstOrder?: boolean;
}

/**
 * Edits a model so that a constraint holds.
 *
 * @returns an edited model and how it went.
 * @throws EditableError UNKNOWN_LAYER; NOT_FINITE where the model's own output is not finite.
 * @example const { model: repaired, success } = edit(model, classification(image, 3), { editor: rmsprop(), layers: 'layer3' });
 */
export function edit<Input extends Tree = Tensor, State extends Tree = Input>(
  model: nn.Model<Input, State>,
  constraint: Constraint<Input>,
  { editor, layers = 'all', maxSteps = 10 }: EditOptions,
): EditResult<Input, State> {
  checkSteps(maxSteps);
  const names = selectParameters(model, layers);
  if (editor.curvature !== undefined) return editByProjection(model, constraint, { editor, names, maxSteps });
  const from = firstStageOf(model, names);
  return scope(() => {
    const prefix = noGrad(() => model.call(constraint.input, { to: from }).output);
    const theta = names.map((name) => model.parameters.get(name) as Tensor);
    let output: Tensor | undefined;
    const lossAt = (values: readonly Tensor[]): Tensor => {
      const given = model.call(prefix, { from, parameters: named(names, values) }).output;
      output = given;
      return constraint.loss(given);
    };
    const result = editLoop(lossAt, theta, { editor, maxSteps, differentiable: false });
    const loss = result.loss.item();
    if (result.steps === 0 && Number.isNaN(loss)) {
      throw new EditableError(
        'NOT_FINITE',
        'edit: the model gives NaN on this input; its weights or the input are not finite.',
      );
    }
    const success = noGrad(() => constraint.holds?.(output as Tensor)) ?? result.success;
    const changed = result.steps === 0 ? [] : names;
    const edited = result.steps === 0 ? model : model.with({ parameters: named(names, result.theta) });
    return { model: edited, success, steps: result.steps, loss, changed };
  });
}

/** A set of one: every example of the constraint has a multiplier of its own. */
function editByProjection<Input extends Tree, State extends Tree>(
  model: nn.Model<Input, State>,
  constraint: Constraint<Input>,
  {
    editor,
    names,
    maxSteps,
  }: { readonly editor: Editor; readonly names: readonly string[]; readonly maxSteps: number },
): EditResult<Input, State> {
  checkSameParameters(editor, names);
  const { losses, ...result } = editTogether(model, [constraint], { editor, maxSteps });
  const { success, steps, changed } = result;
  return { model: result.model, success, steps, loss: losses[0] as number, changed };
}

/** @throws EditableError INVALID_ARGUMENT where an editor's curvature is of other parameters than the edit changes */
function checkSameParameters({ name, curvature }: Editor, names: readonly string[]): void {
  const own = curvature?.parameters ?? names;
  if (own.length === names.length && own.every((each, i) => each === names[i])) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `edit: the curvature of ${name} is of ${own.length} parameters (${own[0]}, …), the edit changes ${names.length} (${names[0]}, …); compute it for the edited layers.`,
  );
}

/** The loop itself, on tensors: what training differentiates through and what `edit` runs without a graph. */
export const editLoop = (
  lossAt: (theta: readonly Tensor[]) => Tensor,
  initial: readonly Tensor[],
  options: EditLoopOptions,
): Trajectory => withThreads(threadsFor(initial), () => loop(lossAt, initial, options));

function loop(
  lossAt: (theta: readonly Tensor[]) => Tensor,
  initial: readonly Tensor[],
  { editor, maxSteps, differentiable, firstOrder = false }: EditLoopOptions,
): Trajectory {
  const isolate = (values: readonly Tensor[]): readonly Tensor[] =>
    differentiable ? values : values.map((value) => value.detach().requiresGrad_());
  let theta = isolate(initial);
  let state = editor.init();
  for (let steps = 0; ; steps++) {
    const loss = enableGrad(() => lossAt(theta));
    const value = loss.item();
    if (!(value > 0) || steps === maxSteps) {
      return { theta: differentiable ? theta : theta.map((each) => each.detach()), success: value <= 0, steps, loss };
    }
    const advance = (): ReturnType<Editor['update']> => {
      const gradients = grad(loss, theta, {
        createGraph: differentiable && !firstOrder,
        retainGraph: differentiable,
        allowUnused: true,
      });
      return editor.update({ theta, gradients, loss }, state);
    };
    const next = differentiable ? enableGrad(advance) : scope(() => noGrad(advance));
    theta = isolate(next.theta);
    state = next.state;
  }
}

export function checkSteps(maxSteps: number): void {
  if (Number.isInteger(maxSteps) && maxSteps >= 0) return;
  throw new EditableError('INVALID_ARGUMENT', `maxSteps: expected a whole number of at least 0, received ${maxSteps}.`);
}
