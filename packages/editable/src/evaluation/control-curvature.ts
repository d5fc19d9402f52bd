/** The curvature of a model from control images: what it answers on them is what repairs keep. Labels are not looked at. */
import { createHash } from 'node:crypto';
import { type Device, type nn, noGrad, scope, type Tensor, tensor } from '@editable/torch';
import {
  assembleBatch,
  type ImageDataset,
  type ImageSplit,
  type Normalization,
  sequentialBatches,
  stream,
  subset,
} from '../data/index.js';
import type { Curvature, CurvatureOf } from '../editing/curvature/curvature.js';
import { JacobianCurvature, jacobianMemory, jacobianRows } from '../editing/curvature/jacobian.js';
import { KroneckerCurvature, type KroneckerFactors, kroneckerFactors } from '../editing/curvature/kronecker.js';
import { firstStageOf } from '../editing/layers.js';
import { EditableError } from '../errors.js';
import { trainingSplits } from '../runs/splits.js';

/** Images a forward pass. */
const batchSize = 50;

export interface ControlOptions {
  readonly normalization: Normalization;
  readonly device?: Device;
  /** Control images; default 1,000, or all where there are fewer. */
  readonly images?: number;
  readonly seed?: number;
  /** After each batch: control images done, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** λ relative to the mean of F's diagonal: one value for every network at hand (experiments/locality-generality). */
export const usualDamping = 0.01;
/** The most probable classes of a control image that F's expectation over answers takes in. */
const usualClasses = 4;
/** With fewer gradients a repair is not held back enough. */
const fewestOfJacobian = 100;
/** Fewer control images say too little about a network to keep its answers. */
const fewestImages = 10;

/** Images drawn from a split, for a model's curvature. */
export class ControlImages {
  readonly count: number;
  readonly #source: ImageSplit;
  readonly #split: ImageSplit;
  readonly #options: ControlOptions;

  /** @throws EditableError INVALID_ARGUMENT for fewer than 10 images, or more than there are */
  constructor(split: ImageSplit, options: ControlOptions) {
    const { images = Math.min(1000, split.length), seed = 0 } = options;
    if (!Number.isInteger(images) || images < fewestImages || images > split.length) {
      throw new EditableError(
        'INVALID_ARGUMENT',
        `curvature: expected from ${fewestImages} to ${split.length} control images, received ${images}; a few hundred serve.`,
      );
    }
    this.count = images;
    this.#source = split;
    this.#split = subset(split, stream(seed, 'control-images').sample(split.length, images).sort());
    this.#options = options;
  }

  /** As many others of the same split. */
  as(images: number): ControlImages {
    return new ControlImages(this.#source, { ...this.#options, images });
  }

  /** Of pixels and normalisation: two equal ones give equal curvatures of a model. */
  get hash(): string {
    const hash = createHash('sha256').update(JSON.stringify(this.#options.normalization));
    for (let i = 0; i < this.#split.length; i++) hash.update(this.#split.image(i));
    return hash.digest('hex');
  }

  /** What stage `from` of the model receives, batch by batch. Each is freed when the next is asked for. */
  *batches(model: nn.Model, from: number): Generator<Tensor> {
    const { normalization, device = 'cpu', onProgress } = this.#options;
    for (const indices of sequentialBatches(this.count, batchSize)) {
      const received = scope(() =>
        noGrad(() => {
          const { images } = assembleBatch(this.#split, indices, { normalization });
          const input = tensor(images, { shape: [indices.length, ...this.#split.shape], device });
          return model.call(input, { to: from }).output;
        }),
      );
      yield received;
      received.dispose();
      onProgress?.((indices[0] as number) + indices.length, this.count);
    }
  }
}

/** Kronecker factors of some parameters of a model. */
export const controlFactors = (model: nn.Model, control: ControlImages, names: readonly string[]): KroneckerFactors =>
  kroneckerFactors(model, control.batches(model, firstStageOf(model, names)), { names, classes: usualClasses });

/**
 * The curvature of any of a model's parameters, computed when first asked for: Kronecker factors, or the Jacobian of the
 * control images for a model whose layers are not known (TorchScript).
 */
export function controlCurvature(model: nn.Model, control: ControlImages): CurvatureOf {
  const made = new Map<string, Curvature>();
  return (names) => {
    const key = names.join();
    const before = made.get(key);
    if (before !== undefined) return before;
    const curvature =
      model.layers.length === 0 ? fromJacobian(model, control, names) : fromFactors(model, control, names);
    made.set(key, curvature);
    return curvature;
  };
}

const fromFactors = (model: nn.Model, control: ControlImages, names: readonly string[]): Curvature =>
  new KroneckerCurvature(controlFactors(model, control, names), { damping: usualDamping });

/** Of as many control images as fit into memory: where that is too few, the error says what would take how much. */
function fromJacobian(model: nn.Model, control: ControlImages, names: readonly string[]): Curvature {
  const numbers = names.reduce((sum, name) => sum + (model.parameters.get(name) as Tensor).numel, 0);
  const fitting = Math.floor(jacobianMemory / (8 * usualClasses * numbers));
  const fewer = fitting < control.count && fitting >= fewestOfJacobian ? control.as(fitting) : control;
  const batches = fewer.batches(model, firstStageOf(model, names));
  const rows = jacobianRows(model, batches, fewer.count, { names, classes: usualClasses });
  return new JacobianCurvature(rows, { base: { damping: usualDamping } });
}

/** From the images that training here sees: for an evaluation that was given no curvature. */
export function trainingCurvature(
  model: nn.Model,
  dataset: ImageDataset,
  {
    normalization = dataset.normalization,
    device = 'cpu',
  }: { readonly normalization?: Normalization; readonly device?: Device },
): CurvatureOf {
  let own: CurvatureOf | undefined;
  return (names) => {
    own ??= controlCurvature(model, new ControlImages(trainingSplits(dataset).train, { normalization, device }));
    return own(names);
  };
}
