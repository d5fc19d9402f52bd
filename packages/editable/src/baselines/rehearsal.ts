/**
 * Fine-tuning with rehearsal: the editing loop (equation 1) on l_e(θ) + λ KL(p(y|x, θ₀) ‖ p(y|x, θ)), the mean over a
 * batch of training images: equation 4's locality, asked for at the time of the edit instead of in training.
 */
import { type nn, noGrad, scope, type Tensor } from '@editable/torch';
import { stream } from '../data/index.js';
import type { Constraint } from '../editing/constraint.js';
import { classification } from '../editing/constraints/classification.js';
import { checkSteps, type EditOptions, type EditResult, editLoop } from '../editing/edit.js';
import { canonicalChoice, type EditorChoice } from '../editing/editor-choice.js';
import { editorNamed } from '../editing/editors/index.js';
import { firstStageOf, type LayerSelection, selectParameters } from '../editing/layers.js';
import { named } from '../editing/named.js';
import { EditableError } from '../errors.js';
import type { Activations } from '../evaluation/activations.js';
import { classesOf } from '../evaluation/predictions.js';
import type { BasePredictions, Repair, Repairer } from '../evaluation/repairer.js';
import type { TestSet } from '../evaluation/test-set.js';
import { modelHash } from '../patches/model-hash.js';
import { classDivergence } from '../tasks/image-classification.js';
import { finiteLoss, repairedModel, unchanged } from './repaired-model.js';
import { hashOf, type TrainImages, trainBatch } from './train-images.js';

export interface RehearsalOptions {
  readonly editor: EditorChoice;
  readonly train: TrainImages;
  /** λ: what a nat of KL divergence counts against one of l_e. */
  readonly weight: number;
  /** Training images in the batch, the same ones for every repair; default 128. */
  readonly images?: number;
  /** Draws them. */
  readonly seed?: number;
}

/** A batch as the first edited stage receives it, with what the unedited model says. */
export interface Rehearsal {
  readonly prefix: Tensor;
  /** [n, classes] */
  readonly logits: Tensor;
}

export interface RehearsedEditOptions extends EditOptions {
  /** λ */
  readonly weight: number;
  /** Made with the same layers. */
  readonly rehearsal: Rehearsal;
}

/** Gradient steps that also hold the model to what it said on a batch of training images. */
export class RehearsalRepairer implements Repairer {
  readonly identity: Readonly<Record<string, unknown>>;
  readonly labels: Int32Array;
  readonly base: BasePredictions;
  readonly #model: nn.Model;
  readonly #testSet: TestSet;
  readonly #activations: Activations;
  readonly #choice: EditorChoice;
  readonly #weight: number;
  readonly #rehearsal: Rehearsal;

  /**
   * The test set stays the caller's to dispose.
   *
   * @throws EditableError INVALID_ARGUMENT for a negative weight or more images than there are
   */
  constructor(model: nn.Model, testSet: TestSet, options: RehearsalOptions) {
    const { train, weight, images = 128, seed = 0 } = options;
    if (!(weight >= 0)) {
      throw new EditableError(
        'INVALID_ARGUMENT',
        `RehearsalRepairer: expected a weight of at least 0, received ${weight}.`,
      );
    }
    this.#model = model;
    this.#testSet = testSet;
    this.#choice = canonicalChoice(options.editor);
    this.#weight = weight;
    const editor = this.#choice;
    this.identity = {
      method: 'rehearsal',
      model: modelHash(model),
      editor,
      weight,
      images,
      seed,
      train: hashOf(train),
    };
    this.labels = testSet.labels;
    const from = firstStageOf(model, selectParameters(model, editor.layers));
    this.#activations = testSet.activations(model, from);
    this.base = testSet.probabilities(model, this.#activations);
    this.#rehearsal = scope(() => {
      const indices = stream(seed, 'rehearsal-images').sample(train.split.length, images);
      return rehearse(model, trainBatch(train, indices).input, editor.layers);
    });
  }

  classify(images: Tensor): Int32Array {
    return classesOf(this.#model, images);
  }

  repair(input: Tensor, target: number): Repair {
    const constraint = classification(input, target);
    const { name, hyperparameters, layers, maxSteps } = this.#choice;
    const { model, success, steps, loss } = editWithRehearsal(this.#model, constraint, {
      editor: editorNamed(name, hyperparameters),
      layers,
      maxSteps,
      weight: this.#weight,
      rehearsal: this.#rehearsal,
    });
    if (steps === 0 && success) return unchanged(this, loss);
    const judgedBy = { testSet: this.#testSet, activations: this.#activations };
    return repairedModel(model, judgedBy, { success, steps, loss });
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    this.#activations[Symbol.dispose]();
    this.#rehearsal.prefix.dispose();
    this.#rehearsal.logits.dispose();
  }
}

/** Runs the batch [n, channels, height, width] through the unedited model, for any number of edits of `layers`. */
export const rehearse = (model: nn.Model, images: Tensor, layers: LayerSelection): Rehearsal =>
  scope(() =>
    noGrad(() => {
      const from = firstStageOf(model, selectParameters(model, layers));
      const prefix = model.call(images, { to: from }).output;
      return { prefix, logits: model.call(prefix, { from }).output };
    }),
  );

/** `edit`, to the bit where `weight` is 0; the result's loss is l_e alone. @throws as `edit` does */
export function editWithRehearsal(
  model: nn.Model,
  constraint: Constraint,
  { editor, layers = 'all', maxSteps = 10, weight, rehearsal }: RehearsedEditOptions,
): EditResult {
  checkSteps(maxSteps);
  const names = selectParameters(model, layers);
  const from = firstStageOf(model, names);
  return scope(() => {
    const prefix = noGrad(() => model.call(constraint.input, { to: from }).output);
    let loss = Number.NaN;
    const lossAt = (theta: readonly Tensor[]): Tensor => {
      const run = (input: Tensor): Tensor => model.call(input, { from, parameters: named(names, theta) }).output;
      const edit = constraint.loss(run(prefix));
      loss = edit.item();
      // The loop stops where what it is given is ≤ 0: it must see l_e alone there.
      return loss > 0 && weight > 0 ? edit.add(divergence(rehearsal, run).mul(weight)) : edit;
    };
    const theta = names.map((name) => model.parameters.get(name) as Tensor);
    const { steps, theta: edited } = editLoop(lossAt, theta, { editor, maxSteps, differentiable: false });
    if (steps === 0) return { model, success: loss <= 0, steps, loss: finiteLoss(loss), changed: [] };
    const changed = model.with({ parameters: named(names, edited) });
    return { model: changed, success: loss <= 0, steps, loss, changed: names };
  });
}

/** Mean KL(p(y|x, θ₀) ‖ p(y|x, θ)); rounding must not make it negative, or the sum could end the loop too early. */
const divergence = ({ prefix, logits }: Rehearsal, run: (input: Tensor) => Tensor): Tensor =>
  classDivergence(logits, run(prefix)).relu();
