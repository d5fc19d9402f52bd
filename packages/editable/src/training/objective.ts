/** The objective of Editable Training (equations 2 to 4) for one batch and one edit, every term apart. */
import { cat, grad, type nn, noGrad, Tensor, zeros } from '@editable/torch';
import type { Constraint } from '../editing/constraint.js';
import { editLoop, type Trajectory } from '../editing/edit.js';
import type { Editor } from '../editing/editor.js';
import { firstStageOf } from '../editing/layers.js';
import { named } from '../editing/named.js';
import { CheckpointedSteps } from './checkpointed-steps.js';

export interface ObjectiveOptions {
  readonly editor: Editor;
  /** Names of the parameters that the editor may change. */
  readonly editable: readonly string[];
  /** k. */
  readonly maxSteps: number;
  readonly cEdit: number;
  readonly cLoc: number;
  /** Treat the editor's gradients as constants. */
  readonly firstOrder?: boolean;
  /** Estimate L_loc on the first so many images of the batch; null or left out: on all of them. */
  readonly localityImages?: number | null;
  /** Keep what each editor step started from, not its graph: less memory for a second forward and backward of the edit. */
  readonly checkpointSteps?: boolean;
}

export interface TrainingBatch {
  /** [batch, channels, height, width] */
  readonly images: Tensor;
  /** int64 [batch] */
  readonly labels: Tensor;
  /** Logits [batch, classes] of the model whose predictions are to be kept; then these, not the labels, give L_base. */
  readonly teacher?: Tensor;
}

export interface Objective {
  /** Obj(θ, l_e), a scalar, differentiable in the parameters and in learned hyperparameters. */
  readonly total: Tensor;
  /** L_base, in train mode: cross-entropy, or KL(teacher ‖ model) where the batch has a teacher. */
  readonly base: Tensor;
  /** L_edit = max(0, l_e(θ̂)). */
  readonly edit: Tensor;
  /** L_loc: mean KL(p(y|x, θ) ‖ p(y|x, θ̂)) over the batch, both sides in eval mode, the first one detached. */
  readonly locality: Tensor;
  readonly success: boolean;
  readonly steps: number;
  /** Share of the batch that the base forward got right. */
  readonly accuracy: number;
  /** Running statistics after the base forward. */
  readonly buffers: nn.NamedTensors;
  /**
   * With `checkpointSteps`: gradients of cEdit · edit + cLoc · locality, of which `total` has none of the path through the
   * editor's steps. `inputs`: parameters, and what learned hyperparameters are computed from.
   */
  readonly editGradients?: (inputs: readonly Tensor[]) => readonly Tensor[];
}

/** L_base alone: plain training. */
export function baseObjective(
  model: nn.Model,
  parameters: nn.NamedTensors,
  { images, labels, teacher }: TrainingBatch,
): Objective {
  const { output, buffers } = model.call(images, { parameters, training: true });
  const base =
    teacher === undefined
      ? output.crossEntropyLoss(labels)
      : meanDivergence(teacher.detach().logSoftmax(1), output.logSoftmax(1));
  const accuracy = noGrad(() => output.argmax({ dim: 1 }).eq(labels).to('float32').mean().item());
  const zero = zeros([], { dtype: base.dtype, device: base.device });
  return { total: base, base, edit: zero, locality: zero, success: true, steps: 0, accuracy, buffers };
}

/**
 * Equation 2. The base forward comes first and in train mode; the edit and both sides of the locality term use the
 * running statistics that it left. What comes before the edited stages runs once for the edit and the batch together.
 */
export function editableObjective(
  model: nn.Model,
  parameters: nn.NamedTensors,
  batch: TrainingBatch,
  constraint: Constraint,
  options: ObjectiveOptions,
): Objective {
  const { editor, editable, maxSteps, cEdit, cLoc, firstOrder = false, localityImages = null } = options;
  const plain = baseObjective(model, parameters, batch);
  const evaluated = model.with({ buffers: plain.buffers });
  const from = firstStageOf(model, editable);
  const edits = constraint.input.shape[0] as number;
  const batchSize = batch.images.shape[0] as number;
  const compared = batch.images.narrow(0, 0, Math.min(localityImages ?? batchSize, batchSize));
  const prefix = evaluated.call(cat([constraint.input, compared]), { parameters, to: from }).output;
  const [editPrefix, batchPrefix] = prefix.splitWithSizes([edits, compared.shape[0] as number]) as [Tensor, Tensor];

  const withTheta = (input: Tensor, theta: readonly Tensor[]): Tensor =>
    evaluated.call(input, { from, parameters: new Map([...parameters, ...named(editable, theta)]) }).output;
  const theta = editable.map((name) => parameters.get(name) as Tensor);
  const lossFrom = (values: readonly Tensor[], from: Tensor): Tensor => constraint.loss(withTheta(from, values));
  const lossAt = (values: readonly Tensor[]): Tensor => lossFrom(values, editPrefix);
  const terms = (edited: Edited): Objective => {
    const edit = edited.loss.relu();
    const locality = edited.steps === 0 ? plain.locality : klOfEdit(batchPrefix, theta, edited.theta, withTheta);
    const total = plain.base.add(edit.mul(cEdit)).add(locality.mul(cLoc));
    return { ...plain, total, edit, locality, success: edited.success, steps: edited.steps };
  };
  if (!options.checkpointSteps) {
    return terms(editLoop(lossAt, theta, { editor, maxSteps, differentiable: true, firstOrder }));
  }
  const others = [...parameters].filter(([name]) => !editable.includes(name)).map(([, value]) => value);
  const taken = new CheckpointedSteps(lossFrom, theta, { editor, maxSteps, firstOrder, prefix: editPrefix, others });
  const loss = lossAt(taken.theta);
  const objective = terms({ theta: taken.theta, steps: taken.steps, loss, success: loss.item() <= 0 });
  const weighted = objective.edit.mul(cEdit).add(objective.locality.mul(cLoc));
  const chain: Chain = { weighted, theta, prefix: editPrefix, editor, others };
  return { ...objective, editGradients: (inputs) => gradientsThrough(taken, chain, inputs) };
}

type Edited = Pick<Trajectory, 'theta' | 'steps' | 'loss' | 'success'>;

/** What the weighted terms depend on besides θ̂. */
interface Chain {
  readonly weighted: Tensor;
  readonly theta: readonly Tensor[];
  readonly prefix: Tensor;
  readonly editor: Editor;
  readonly others: readonly Tensor[];
}

/** Gradients of the weighted terms: at θ̂ and directly, then back through the steps, then through what these started from. */
function gradientsThrough(
  taken: CheckpointedSteps,
  { weighted, theta, prefix, editor, others }: Chain,
  inputs: readonly Tensor[],
): readonly Tensor[] {
  const both = grad(weighted, [...taken.theta, ...inputs], { allowUnused: true, retainGraph: true });
  const [upstream, direct] = [both.slice(0, theta.length), both.slice(theta.length)];
  const back = taken.gradients(upstream);
  const learned = Object.values(editor.hyperparameters).filter((value) => value instanceof Tensor);
  const starts = [prefix, ...learned].map((value, i) => ({ value, seed: [back.prefix, ...back.hyperparameters][i]! }));
  const reached = starts.filter(({ value }) => value.requiresGrad);
  const before = grad(
    reached.map(({ value }) => value),
    inputs,
    { gradOutputs: reached.map(({ seed }) => seed), allowUnused: true },
  );
  const own = new Map([
    ...theta.map((each, i) => [each, back.theta[i]!] as const),
    ...others.map((each, i) => [each, back.others[i]!] as const),
  ]);
  return inputs.map((input, i) => {
    const sum = (direct[i] as Tensor).add(before[i] as Tensor);
    const steps = own.get(input);
    return steps === undefined ? sum : sum.add(steps);
  });
}

/** Equation 4, without gradient to the unedited side. */
function klOfEdit(
  input: Tensor,
  before: readonly Tensor[],
  after: readonly Tensor[],
  run: (input: Tensor, theta: readonly Tensor[]) => Tensor,
): Tensor {
  const reference = noGrad(() => run(input, before).logSoftmax(1));
  const edited = run(input, after).logSoftmax(1);
  return meanDivergence(reference, edited);
}

/** Mean KL(p ‖ q) over the batch, of log-probabilities [batch, classes]. */
const meanDivergence = (p: Tensor, q: Tensor): Tensor => p.exp().mul(p.sub(q)).sum([1]).mean();
