/** The objective of Editable Training (equations 2 to 4) for one batch and one edit, every term apart. */
import {
  autocast,
  batchSizeOf,
  catTrees,
  grad,
  mapTree,
  type nn,
  noGrad,
  Tensor,
  type Tree,
  zeros,
} from '@editable/torch';
import { type Constraint, exampleShape } from '../editing/constraint.js';
import { editLoop, type Trajectory } from '../editing/edit.js';
import type { Editor } from '../editing/editor.js';
import { firstStageOf } from '../editing/layers.js';
import { named } from '../editing/named.js';
import type { Task, TrainingBatch } from '../tasks/task.js';
import type { BatchPart } from './batch-share.js';
import { CheckpointedSteps, floatsOf } from './checkpointed-steps.js';
import type { StepSettings } from './settings.js';

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
  /** Estimate L_loc on the first so many examples of the batch; null or left out: on all of them. */
  readonly localityImages?: number | null;
  /** Keep what each editor step started from, not its graph: less memory for a second forward and backward of the edit. */
  readonly checkpointSteps?: boolean;
  /** What L_base and L_loc count for, where the batch is one of several whose objectives are averaged; default 1. */
  readonly weight?: number;
  /** Of the base forward; see `StepSettings`. */
  readonly precision?: Precision;
}

type Precision = NonNullable<StepSettings['precision']>;

export interface Objective {
  /** Obj(θ, l_e), a scalar, differentiable in the parameters and in learned hyperparameters. */
  readonly total: Tensor;
  /** L_base, in train mode, as the task has it. */
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
  readonly editGradients?: GradientsOf;
}

/** L_base alone: plain training. */
export function baseObjective<Input extends Tree, State extends Tree>(
  task: Task<Input>,
  model: nn.Model<Input, State>,
  parameters: nn.NamedTensors,
  batch: TrainingBatch<Input>,
  { weight = 1, precision = 'float32' }: Pick<ObjectiveOptions, 'weight' | 'precision'> = {},
): Objective {
  const forward = (): nn.CallResult => model.call(batch.input, { parameters, training: true });
  const { output: raw, buffers } = precision === 'float32' ? forward() : autocast(precision, forward);
  const output = precision === 'float32' ? raw : raw.to('float32');
  const base = weighted(task.baseLoss(output, batch), weight);
  const accuracy = noGrad(() => task.accuracy(output, batch).item());
  const zero = zeros([], { dtype: base.dtype, device: base.device });
  return { total: base, base, edit: zero, locality: zero, success: true, steps: 0, accuracy, buffers };
}

/**
 * Equation 2. The base forward comes first and in train mode; the edit and both sides of the locality term use the
 * running statistics that it left. What comes before the edited stages runs once for the edit and the batch together.
 */
export function editableObjective<Input extends Tree, State extends Tree>(
  task: Task<Input>,
  model: nn.Model<Input, State>,
  parameters: nn.NamedTensors,
  batch: TrainingBatch<Input>,
  constraint: Constraint<Input>,
  options: ObjectiveOptions,
): Objective {
  const plain = baseObjective(task, model, parameters, batch, options);
  return withEdit(task, model, parameters, batch, constraint, options, plain);
}

/**
 * Equation 2 with the mean over several edits: the batch is cut into as many parts, and each edit's L_loc is taken on its own
 * part, so that more edits cost no more forwards of the batch.
 *
 * @param parts of the batch, one for each constraint: see `shareOf`
 */
export function objectiveOfEdits<Input extends Tree, State extends Tree>(
  task: Task<Input>,
  model: nn.Model<Input, State>,
  parameters: nn.NamedTensors,
  batch: TrainingBatch<Input>,
  constraints: readonly Constraint<Input>[],
  { parts, ...options }: ObjectiveOptions & { readonly parts: readonly BatchPart<Input>[] },
): Objective {
  const { length } = constraints;
  const { weight = 1, localityImages = null } = options;
  const plain = baseObjective(task, model, parameters, batch, options);
  const each = constraints.map((constraint, i) => {
    const part = parts[i] as BatchPart<Input>;
    const own = {
      ...options,
      weight: weight * part.weight,
      localityImages: localityImages === null ? null : Math.max(1, Math.round(localityImages / length)),
    };
    return withEdit(task, model, parameters, part.batch, constraint, own, plain);
  });
  const mean = (read: (objective: Objective) => Tensor): Tensor =>
    each
      .map(read)
      .reduce((sum, value) => sum.add(value))
      .div(length);
  const gradients = each.flatMap(({ editGradients }) => (editGradients === undefined ? [] : [editGradients]));
  return {
    ...plain,
    total: mean(({ total }) => total),
    edit: mean(({ edit }) => edit),
    locality: mean(({ locality }) => locality),
    success: each.every(({ success }) => success),
    steps: each.reduce((sum, { steps }) => sum + steps, 0) / length,
    ...(gradients.length === 0 ? {} : { editGradients: meanOf(gradients) }),
  };
}

/** `retainGraph`: others will go back through what the steps started from. */
type GradientsOf = (inputs: readonly Tensor[], retainGraph?: boolean) => readonly Tensor[];

const meanOf =
  (all: readonly GradientsOf[]): GradientsOf =>
  (inputs) =>
    all
      .map((gradients) => gradients(inputs, true))
      .reduce((sum, more) => sum.map((value, i) => value.add(more[i] as Tensor)))
      .map((value) => value.div(all.length));

/** Adds an edit's terms to the base loss. */
function withEdit<Input extends Tree, State extends Tree>(
  task: Task<Input>,
  model: nn.Model<Input, State>,
  parameters: nn.NamedTensors,
  batch: TrainingBatch<Input>,
  constraint: Constraint<Input>,
  options: ObjectiveOptions,
  plain: Objective,
): Objective {
  const { editor, editable, maxSteps, cEdit, cLoc, firstOrder = false, localityImages = null, weight = 1 } = options;
  const evaluated = model.with({ buffers: plain.buffers });
  const from = firstStageOf(model, editable);
  const compared = firstExamples(batch, localityImages);
  const received = (input: Input): State => evaluated.call(input, { parameters, to: from }).output;
  const [editPrefix, batchPrefix] = together(constraint.input, compared.input, received);

  const withTheta = (input: State, theta: readonly Tensor[]): Tensor =>
    evaluated.call(input, { from, parameters: new Map([...parameters, ...named(editable, theta)]) }).output;
  const theta = editable.map((name) => parameters.get(name) as Tensor);
  const lossFrom = (values: readonly Tensor[], from: State): Tensor => constraint.loss(withTheta(from, values));
  /** Equation 4, without gradient to the unedited side. */
  const localityOf = (after: readonly Tensor[]): Tensor => {
    const before = noGrad(() => withTheta(batchPrefix, theta));
    return weighted(task.divergence(before, withTheta(batchPrefix, after), compared), weight);
  };
  const lossAt = (values: readonly Tensor[]): Tensor => lossFrom(values, editPrefix);
  const terms = (edited: Edited): Objective => {
    const edit = edited.loss.relu();
    const locality = edited.steps === 0 ? plain.locality : localityOf(edited.theta);
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
  const sum = objective.edit.mul(cEdit).add(objective.locality.mul(cLoc));
  const chain: Chain = { weighted: sum, theta, prefix: editPrefix, editor, others };
  return { ...objective, editGradients: (inputs, retainGraph) => gradientsThrough(taken, chain, inputs, retainGraph) };
}

const weighted = (value: Tensor, weight: number): Tensor => (weight === 1 ? value : value.mul(weight));

type Edited = Pick<Trajectory, 'theta' | 'steps' | 'loss' | 'success'>;

const firstExamples = <Input extends Tree>(batch: TrainingBatch<Input>, most: number | null): TrainingBatch<Input> =>
  most === null || most >= batchSizeOf(batch.input)
    ? batch
    : (mapTree({ ...batch }, (each) => each.narrow(0, 0, most)) as TrainingBatch<Input>);

/** What a function makes of two inputs, in one call where their examples are of one shape. */
function together<Input extends Tree, State extends Tree>(
  first: Input,
  second: Input,
  run: (input: Input) => State,
): readonly [State, State] {
  if (exampleShape(first) !== exampleShape(second)) return [run(first), run(second)];
  const both = run(catTrees([first, second]));
  const [a, b] = [batchSizeOf(first), batchSizeOf(second)];
  return [mapTree(both, (each) => each.narrow(0, 0, a)), mapTree(both, (each) => each.narrow(0, a, b))];
}

/** What the weighted terms depend on besides θ̂. */
interface Chain {
  readonly weighted: Tensor;
  readonly theta: readonly Tensor[];
  readonly prefix: Tree;
  readonly editor: Editor;
  readonly others: readonly Tensor[];
}

/** Gradients of the weighted terms: at θ̂ and directly, then back through the steps, then through what these started from. */
function gradientsThrough(
  taken: Pick<CheckpointedSteps<Tree>, 'theta' | 'gradients'>,
  { weighted, theta, prefix, editor, others }: Chain,
  inputs: readonly Tensor[],
  retainGraph = false,
): readonly Tensor[] {
  const both = grad(weighted, [...taken.theta, ...inputs], { allowUnused: true, retainGraph: true });
  const [upstream, direct] = [both.slice(0, theta.length), both.slice(theta.length)];
  const back = taken.gradients(upstream);
  const learned = Object.values(editor.hyperparameters).filter((value) => value instanceof Tensor);
  const starts = [...floatsOf(prefix), ...learned].map((value, i) => ({
    value,
    seed: [...back.prefix, ...back.hyperparameters][i]!,
  }));
  const reached = starts.filter(({ value }) => value.requiresGrad);
  const before = grad(
    reached.map(({ value }) => value),
    inputs,
    { gradOutputs: reached.map(({ seed }) => seed), allowUnused: true, retainGraph },
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
