/** One training in progress: the leaf parameters, the optimizer, the learned editor; a step changes them in place. */
import {
  averageGradients,
  averageInBuckets,
  broadcastInto,
  grad,
  isFloating,
  type nn,
  noGrad,
  optim,
  type ProcessGroup,
  scope,
  type Tensor,
  type Tree,
  tensor,
} from '@editable/torch';
import type { Constraint } from '../editing/constraint.js';
import type { Curvature } from '../editing/curvature/curvature.js';
import { clampStraightThrough, type Editor, polyak } from '../editing/editor.js';
import { editorNamed } from '../editing/editors/index.js';
import { selectParameters } from '../editing/layers.js';
import { EditableError } from '../errors.js';
import { alone } from '../sharing/share.js';
import type { Task, TrainingBatch } from '../tasks/task.js';
import { type SharedBatch, shareOf } from './batch-share.js';
import { baseObjective, editableObjective, type Objective, objectiveOfEdits } from './objective.js';
import type { StepSettings } from './settings.js';
import { WorkingCopy } from './working-copy.js';

/** How fast learned hyperparameters move: they are few, and most are learned by their logarithm. */
const hyperparameterLearningRate = 1e-2;

export interface StepTerms {
  readonly loss: number;
  readonly base: number;
  readonly edit: number;
  readonly locality: number;
  readonly accuracy: number;
  /** Of several edits in a step: of all. */
  readonly success: boolean;
  readonly editorSteps: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** The editor's learned hyperparameters before this step. */
  readonly hyperparameters: Readonly<Record<string, number>>;
}

export interface TrainerOptions {
  /** Parameters with a learning rate of their own, where the settings have one. */
  readonly added?: ReadonlySet<string>;
  /** Gradients are averaged over its processes, which all make the same step then. */
  readonly group?: ProcessGroup | undefined;
  /** Of the editable parameters, for the natural editor: a constant while the network moves. */
  readonly curvature?: Curvature | undefined;
}

/** A training in progress: `step` makes one step of equation 2, or of plain training. */
export class Trainer<Input extends Tree = Tensor, State extends Tree = Input> {
  readonly #task: Task<Input>;
  readonly #settings: StepSettings;
  readonly #copy: WorkingCopy<Input, State>;
  readonly #editable: readonly string[];
  readonly #optimizers: readonly Optimized[];
  readonly #learned: Map<string, Tensor>;
  readonly #group: ProcessGroup | undefined;
  readonly #curvature: Curvature | undefined;
  readonly #editorOptimizer: optim.Optimizer = new optim.Adam({ learningRate: hyperparameterLearningRate });

  constructor(
    task: Task<Input>,
    model: nn.Model<Input, State>,
    settings: StepSettings,
    { added = new Set(), group, curvature }: TrainerOptions = {},
  ) {
    this.#group = group;
    this.#curvature = curvature;
    this.#task = task;
    this.#settings = settings;
    this.#copy = new WorkingCopy(model);
    this.#editable = settings.objective === 'editable' ? selectParameters(model, settings.editor.layers) : [];
    this.#learned = this.#startLearned();
    this.#optimizers = optimizersOf(settings, [...model.parameters.keys()], added);
  }

  /** The model as it is now: copies, so that further steps do not change it. */
  snapshot(): nn.Model<Input, State> {
    const { trained } = this.#copy;
    return trained.with({ parameters: new Map([...trained.parameters].map(([name, value]) => [name, value.clone()])) });
  }

  /** The learned hyperparameters as numbers, within their ranges. */
  hyperparameters(): Record<string, number> {
    return scope(() =>
      noGrad(() => Object.fromEntries([...this.#resolved()].map(([name, value]) => [name, value.item()]))),
    );
  }

  /**
   * One step of Editable Training, or of plain training where no constraint is given. `share`: what the batch is of that which
   * the group's processes share; left out: all of it.
   */
  step(
    batch: TrainingBatch<Input>,
    edits: Constraint<Input> | readonly Constraint<Input>[] | undefined,
    learningRate: number,
    share?: Omit<SharedBatch<Input>, 'batch'>,
  ): StepTerms {
    const constraints = edits === undefined ? [] : Array.isArray(edits) ? edits : [edits as Constraint<Input>];
    return scope(() => {
      const own = share ?? shareOf(this.#task, batch, alone, Math.max(constraints.length, 1));
      this.#shareBuffers();
      const hyperparameters = this.hyperparameters();
      const weights = this.#weightsOf(own.editScale);
      const objective = this.#objective(batch, constraints, weights, own);
      const loss = objective.total.item();
      if (!Number.isFinite(loss)) {
        throw new EditableError('NOT_FINITE', `training diverged: the loss is ${loss}. Try a smaller learning rate.`);
      }
      const found = [
        ...[loss, objective.base.item(), objective.edit.item(), objective.locality.item()],
        ...[objective.accuracy * own.weight, Number(objective.success), objective.steps],
      ];
      const { norm: gradientNorm, terms } = this.#descend(
        objective,
        { ...weights, hasEdits: constraints.length > 0 },
        learningRate,
        found,
      );
      this.#copy.keep(objective.buffers);
      const [total, base, edit, locality, accuracy, success, editorSteps] = terms as unknown as Terms;
      return {
        ...{ loss: total, base, edit, locality, accuracy, success: success === 1, editorSteps },
        ...{ gradientNorm, learningRate, hyperparameters },
      };
    });
  }

  /** Everything that the next step depends on, by name. */
  state(): nn.NamedTensors {
    const groups: readonly (readonly [string, nn.NamedTensors])[] = [
      ['parameter', this.#copy.parameters],
      ['buffer', this.#copy.buffers],
      ...this.#optimizers.map(({ group, optimizer }) => [group, optimizer.state()] as const),
      ['hyperparameter', this.#learned],
      ['editorOptimizer', this.#editorOptimizer.state()],
    ];
    return new Map(
      groups.flatMap(([group, tensors]) => [...tensors].map(([name, value]) => [`${group}.${name}`, value] as const)),
    );
  }

  /** Continues from a `state()`. @throws EditableError INVALID_RUN where a tensor is missing or of another shape */
  load(state: nn.NamedTensors): void {
    const group = (name: string): Map<string, Tensor> =>
      new Map(
        [...state].flatMap(([key, value]) => (key.startsWith(`${name}.`) ? [[key.slice(name.length + 1), value]] : [])),
      );
    copyInto(this.#copy.parameters, group('parameter'));
    copyInto(this.#copy.buffers, group('buffer'));
    copyInto(this.#learned, group('hyperparameter'));
    for (const each of this.#optimizers) each.optimizer.load(group(each.group));
    this.#editorOptimizer.load(group('editorOptimizer'));
  }

  /** Running statistics are those of rank 0, as in PyTorch's data-parallel training. */
  #shareBuffers(): void {
    const buffers = [...this.#copy.buffers.values()].filter(({ dtype }) => isFloating(dtype));
    if (this.#group !== undefined && buffers.length > 0) broadcastInto(this.#group, buffers);
  }

  #weightsOf(scale: number): EditWeights {
    const { cEdit, cLoc } = this.#settings;
    return { cEdit: cEdit * scale, cLoc: cLoc * scale };
  }

  #objective(
    batch: TrainingBatch<Input>,
    constraints: readonly Constraint<Input>[],
    weights: EditWeights,
    { weight, parts }: Omit<SharedBatch<Input>, 'batch'>,
  ): Objective {
    const { parameters } = this.#copy;
    const { syncBatchNorm = false, precision = 'float32' } = this.#settings;
    const own = this.#copy.training;
    const training = syncBatchNorm && this.#group !== undefined ? across(own, this.#group) : own;
    const [constraint] = constraints;
    if (constraint === undefined) return baseObjective(this.#task, training, parameters, batch, { weight, precision });
    const { firstOrder, localityImages, editor, checkpointSteps = false } = this.#settings;
    const options = {
      editor: this.#editor(),
      editable: this.#editable,
      maxSteps: editor.maxSteps,
      ...weights,
      firstOrder,
      localityImages,
      checkpointSteps,
      weight,
      precision,
    };
    return constraints.length === 1
      ? editableObjective(this.#task, training, parameters, batch, constraint, options)
      : objectiveOfEdits(this.#task, training, parameters, batch, constraints, { ...options, parts });
  }

  #descend(
    objective: Objective,
    weights: EditWeights & { readonly hasEdits: boolean },
    learningRate: number,
    terms: readonly number[],
  ): { norm: number; terms: readonly number[] } {
    const parameters = [...this.#copy.parameters.values()];
    const learned = [...this.#learned.values()];
    const inputs = [...parameters, ...learned];
    const { gradients: all, terms: means } =
      this.#group === undefined
        ? { gradients: this.#gradients(objective, weights, inputs), terms }
        : this.#meanGradients(this.#group, objective, weights, inputs, terms);
    const { gradients, norm } = optim.clipGradNorm(all.slice(0, parameters.length), this.#settings.clipNorm);
    if (!Number.isFinite(norm)) {
      throw new EditableError(
        'NOT_FINITE',
        `training diverged: the gradient norm is ${norm}. Try a smaller learning rate.`,
      );
    }
    for (const { optimizer, factor, positions } of this.#optimizers) {
      optimizer.learningRate = learningRate * factor;
      optimizer.step(
        positions.map((i) => parameters[i] as Tensor),
        positions.map((i) => gradients[i] as Tensor),
      );
    }
    if (learned.length > 0) this.#editorOptimizer.step(learned, all.slice(parameters.length));
    return { norm, terms: means };
  }

  /**
   * The same over a group. What is computed must not depend on what one process found, or they would wait for each other: the
   * edit's gradient is bounded after it is averaged, as that of one process with all edits would be.
   */
  #meanGradients(
    group: ProcessGroup,
    { total, base, edit, locality, editGradients }: Objective,
    { cEdit, cLoc, hasEdits }: EditWeights & { readonly hasEdits: boolean },
    inputs: readonly Tensor[],
    terms: readonly number[],
  ): { gradients: readonly Tensor[]; terms: readonly number[] } {
    const { clipEditNorm } = this.#settings;
    const numbers = tensor(terms, { dtype: 'float64' });
    const mean = (all: readonly Tensor[]): readonly Tensor[] => averageInBuckets(group, all);
    if (editGradients === undefined && (clipEditNorm === null || !hasEdits)) {
      // Backward comes to the learned hyperparameters last: in the first bucket they would hold up all others.
      const own = this.#copy.parameters.size;
      const order = [...inputs.slice(own), ...inputs.slice(0, own)];
      const { gradients: inOrder } = averageGradients(group, total, order);
      const gradients = [...inOrder.slice(inputs.length - own), ...inOrder.slice(0, inputs.length - own)];
      return { gradients, terms: numbersOf(mean([numbers])[0]) };
    }
    const plain = grad(base, inputs, { allowUnused: true, retainGraph: true });
    const editing =
      editGradients?.(inputs) ?? grad(edit.mul(cEdit).add(locality.mul(cLoc)), inputs, { allowUnused: true });
    const means = mean([...plain, ...editing, numbers]);
    const bound = clipEditNorm ?? Number.POSITIVE_INFINITY;
    const { gradients } = optim.clipGradNorm(means.slice(inputs.length, -1), bound);
    return {
      gradients: means.slice(0, inputs.length).map((each, i) => each.add(gradients[i] as Tensor)),
      terms: numbersOf(means.at(-1)),
    };
  }

  /** The gradient of equation 2; with clipEditNorm, of its two halves apart, which share no graph. */
  #gradients(objective: Objective, { cEdit, cLoc }: EditWeights, inputs: readonly Tensor[]): readonly Tensor[] {
    const { clipEditNorm } = this.#settings;
    const { total, base, edit, locality, steps, editGradients } = objective;
    if (editGradients === undefined && (steps === 0 || clipEditNorm === null)) {
      return grad(total, inputs, { allowUnused: true });
    }
    const plain = grad(base, inputs, { allowUnused: true, retainGraph: true });
    const editing =
      editGradients?.(inputs) ?? grad(edit.mul(cEdit).add(locality.mul(cLoc)), inputs, { allowUnused: true });
    const { gradients } = optim.clipGradNorm(editing, clipEditNorm ?? Number.POSITIVE_INFINITY);
    return plain.map((each, i) => each.add(gradients[i] as Tensor));
  }

  #editor(): Editor {
    const { name, hyperparameters } = this.#settings.editor;
    return editorNamed(name, { ...hyperparameters, ...Object.fromEntries(this.#resolved()) }, this.#curvature);
  }

  /** Raw learned values (logarithms, for some) to hyperparameters within their ranges. */
  #resolved(): Map<string, Tensor> {
    const { ranges } = editorNamed(this.#settings.editor.name);
    return new Map(
      [...this.#learned].map(([name, raw]) => {
        const range = ranges[name]!;
        return [name, clampStraightThrough(range.logarithmic ? raw.exp() : raw, range)];
      }),
    );
  }

  #startLearned(): Map<string, Tensor> {
    const { objective, learnEditor, editor, firstOrder } = this.#settings;
    if (objective === 'plain' || !learnEditor || firstOrder) return new Map();
    const { ranges } = editorNamed(editor.name);
    const [first] = this.#copy.parameters.values();
    const { dtype, device } = first ?? { dtype: 'float32', device: 'cpu' };
    return new Map(
      Object.entries(editor.hyperparameters).flatMap(([name, value]) => {
        // Polyak's step has no learning rate to learn.
        if (name === 'epsilon' || value === polyak) return [];
        const start = ranges[name]?.logarithmic ? Math.log(value) : value;
        return [[name, tensor(start, { dtype, device, requiresGrad: true })] as const];
      }),
    );
  }
}

type Terms = readonly [number, number, number, number, number, number, number];

const numbersOf = (values: Tensor | undefined): readonly number[] => Array.from(values?.data() as Float64Array);

/** The model whose batch statistics, in training, are those of all processes' batches. */
function across<Input extends Tree, State extends Tree>(
  model: nn.Model<Input, State>,
  group: ProcessGroup,
): nn.Model<Input, State> {
  return new Proxy(model, {
    get(target, name) {
      if (name === 'call')
        return (input: Input, options: nn.CallOptions = {}) => target.call(input, { ...options, across: group });
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** c_edit and c_loc of one step. */
interface EditWeights {
  readonly cEdit: number;
  readonly cLoc: number;
}

/** Parameters that one optimizer steps, at the schedule's learning rate times a factor. */
interface Optimized {
  /** Of the checkpoint's tensors. */
  readonly group: string;
  readonly optimizer: optim.Optimizer;
  readonly factor: number;
  readonly positions: readonly number[];
}

function optimizersOf(
  settings: StepSettings,
  names: readonly string[],
  added: ReadonlySet<string>,
): readonly Optimized[] {
  const { learningRate, addedLearningRate = learningRate } = settings;
  const own = addedLearningRate === learningRate ? new Set<string>() : added;
  const of = (group: string, factor: number, isIn: (name: string) => boolean): Optimized => ({
    group,
    optimizer: optimizerOf(settings),
    factor,
    positions: [...names.keys()].filter((i) => isIn(names[i] as string)),
  });
  return [
    of('optimizer', 1, (name) => !own.has(name)),
    of('addedOptimizer', addedLearningRate / learningRate, (name) => own.has(name)),
  ].filter(({ positions }) => positions.length > 0);
}

function optimizerOf({ optimizer, learningRate, weightDecay, nesterov = true, betas }: StepSettings): optim.Optimizer {
  if (optimizer === 'sgd') return new optim.SGD({ learningRate, weightDecay, momentum: 0.9, nesterov });
  const adam = { learningRate, weightDecay, ...(betas === undefined ? {} : { beta1: betas[0], beta2: betas[1] }) };
  return optimizer === 'adam' ? new optim.Adam(adam) : new optim.AdamW(adam);
}

function copyInto(own: nn.NamedTensors, saved: nn.NamedTensors): void {
  for (const [name, value] of own) {
    const from = saved.get(name);
    if (from === undefined || from.shape.join() !== value.shape.join()) {
      throw new EditableError(
        'INVALID_RUN',
        `the checkpoint does not fit this model: ${name} is missing or has another shape.`,
      );
    }
    noGrad(() => value.detach().copy_(from));
  }
}
