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
import { type Curvature, type CurvatureOf, withSettling } from '../editing/curvature/curvature.js';
import { EkfacCurvature, ekfacFactors } from '../editing/curvature/ekfac.js';
import {
  JacobianCurvature,
  type JacobianOptions,
  jacobianMemory,
  jacobianRows,
} from '../editing/curvature/jacobian.js';
import {
  disposeFactors,
  KroneckerCurvature,
  type KroneckerFactors,
  kroneckerFactors,
} from '../editing/curvature/kronecker.js';
import { oncePerNames } from '../editing/curvature/once-per-names.js';
import type { Metric, MetricSettings } from '../editing/editor-choice.js';
import { firstStageOf } from '../editing/layers.js';
import { ControlLocality } from '../editing/locality.js';
import { EditableError } from '../errors.js';
import { trainingSplits } from '../runs/splits.js';
import { alone, rangeOf, type Share, type Sharing } from '../sharing/share.js';

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
/** Of what memory allows: with fewer a repair is not held back enough. */
const fewestFitting = 100;
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
    if (split.length < fewestImages) {
      throw new EditableError(
        'INVALID_ARGUMENT',
        `curvature: expected at least ${fewestImages} images to draw control images from, received ${split.length}; a few hundred serve, without labels.`,
      );
    }
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

  /**
   * What stage `from` of the model receives, batch by batch. Each is freed when the next is asked for. `share`: only its batches.
   *
   * @throws EditableError INVALID_ARGUMENT where the model does not take such images or gives no logits for them
   */
  *batches(model: nn.Model, from: number, share: Share = alone): Generator<Tensor> {
    this.#checkTaken(model);
    const all = [...sequentialBatches(this.count, batchSize)];
    const own = all.slice(...rangeOf(all.length, share));
    const total = own.reduce((sum, { length }) => sum + length, 0);
    let done = 0;
    for (const indices of own) {
      const received = scope(() => noGrad(() => model.call(this.#input(indices), { to: from }).output));
      try {
        yield received;
      } finally {
        received.dispose();
      }
      done += indices.length;
      this.#options.onProgress?.(done, total);
    }
  }

  #input(indices: ArrayLike<number>): Tensor {
    const { normalization, device = 'cpu' } = this.#options;
    const { images } = assembleBatch(this.#split, indices, { normalization });
    return tensor(images, { shape: [indices.length, ...this.#split.shape], device });
  }

  /** By one image through the whole model, so that no later failure has to be guessed at. */
  #checkTaken(model: nn.Model): void {
    const refused = (why: string, cause?: unknown): EditableError =>
      new EditableError(
        'INVALID_ARGUMENT',
        `curvature: the model does not take control images of [${this.#split.shape.join(', ')}]: ${why}`,
        { cause },
      );
    const { shape } = scope(() =>
      noGrad(() => {
        try {
          return { shape: model.call(this.#input([0])).output.shape };
        } catch (cause) {
          throw refused((cause as Error).message, cause);
        }
      }),
    );
    if (shape.length !== 2) throw refused(`expected logits [1, classes], received [${shape.join(', ')}].`);
  }
}

/** Kronecker factors of some parameters of a model; of a group or a share, see `Sharing`. */
export const controlFactors = (
  model: nn.Model,
  control: ControlImages,
  names: readonly string[],
  { group, share = group }: Sharing = {},
): KroneckerFactors =>
  kroneckerFactors(model, control.batches(model, firstStageOf(model, names), share), {
    names,
    classes: usualClasses,
    group,
  });

/**
 * The curvature of any of a model's parameters, computed when first asked for: Kronecker factors, or the Jacobian of the
 * control images for a model whose layers are not known (TorchScript).
 */
export const controlCurvature = (model: nn.Model, control: ControlImages): CurvatureOf =>
  oncePerNames((names) =>
    model.layers.length === 0 ? fromJacobian(model, control, names) : fromFactors(model, control, names),
  );

function fromFactors(model: nn.Model, control: ControlImages, names: readonly string[]): Curvature {
  const factors = controlFactors(model, control, names);
  try {
    return new KroneckerCurvature(factors, { damping: usualDamping, control: control.hash });
  } finally {
    disposeFactors(factors.layers);
  }
}

/**
 * The same with each layer's eigenvalues corrected by the control images one by one (EKFAC): they are gone through once more,
 * and an edit's steps take longer in wide layers; a repair does less harm. `basisOf`: factors of the same model, disposed of here,
 * and the hash of the images that they are of; default: of these. For a TorchScript program it is the Jacobian, as `controlCurvature` has it.
 *
 * @example const curvature = ekfacCurvature(model, new ControlImages(dataset.train, { normalization }))
 */
export function ekfacCurvature(
  model: nn.Model,
  control: ControlImages,
  basisOf: (names: readonly string[]) => { readonly factors: KroneckerFactors; readonly control: string } = (
    names,
  ) => ({
    factors: controlFactors(model, control, names),
    control: control.hash,
  }),
): CurvatureOf {
  if (model.layers.length === 0) return controlCurvature(model, control);
  return oncePerNames((names) => {
    const { factors, control: ofBasis } = basisOf(names);
    try {
      const batches = control.batches(model, firstStageOf(model, names));
      const corrected = ekfacFactors(model, batches, factors, { classes: usualClasses });
      try {
        return new EkfacCurvature(corrected, {
          damping: usualDamping,
          control: control.hash,
          basis: { images: factors.count, control: ofBasis },
        });
      } finally {
        disposeFactors(corrected.layers);
      }
    } finally {
      disposeFactors(factors.layers);
    }
  });
}

/** Of as many control images as fit into memory: where that is too few, the error says what would take how much. */
function fromJacobian(
  model: nn.Model,
  control: ControlImages,
  names: readonly string[],
  base: JacobianOptions['base'] = { damping: usualDamping },
): Curvature {
  const numbers = names.reduce((sum, name) => sum + (model.parameters.get(name) as Tensor).numel, 0);
  const fitting = Math.floor(jacobianMemory / (8 * usualClasses * numbers));
  const fewer = fitting < control.count && fitting >= fewestFitting ? control.as(fitting) : control;
  return scope(() => {
    const batches = fewer.batches(model, firstStageOf(model, names));
    const rows = jacobianRows(model, batches, fewer.count, { names, classes: usualClasses });
    return new JacobianCurvature(rows, { base, control: fewer.hash });
  });
}

/** Control images whose own gradients a combined curvature has unless told. */
const combinedImages = 500;
/** γ: what the base counts beside them. */
const shareOfBase = 0.1;

/**
 * γF + JᵀJ: the gradients of `images` control images one by one (default 500), or as many as fit into `jacobianMemory`, on top
 * of a tenth of `base`, a curvature of the same model that knows each layer alone, as `ekfacCurvature` does. A repair is kept
 * off what these images' answers depend on, across layers, too. For a TorchScript program `base` is a Jacobian already, and is
 * given back as it is.
 *
 * @throws EditableError INVALID_ARGUMENT, when it is asked for parameters of which 100 images do not fit
 */
export function combinedCurvature(
  base: CurvatureOf,
  model: nn.Model,
  control: ControlImages,
  { images = combinedImages }: { readonly images?: number } = {},
): CurvatureOf {
  if (model.layers.length === 0) return base;
  const own = control.count > images ? control.as(images) : control;
  return oncePerNames((names) => fromJacobian(model, own, names, timesOf(base(names), shareOfBase)));
}

/** Images that a step of settling looks at; the next step looks at others. */
const settledImages = 250;
/** Of what the first edited stage receives of the control images, which is kept, in bytes; images beyond that are left out. */
const settledMemory = 2 * 2 ** 30;

/**
 * `base`, whose repairs settle: once they hold, up to `steps` steps reduce the divergence from the model's answers on the
 * control images itself, of which F is an approximation, along the repairs' boundary. `memory`: bound, in bytes, on what the
 * first edited stage receives of the images, which is kept; beyond it fewer of them are looked at.
 *
 * @example const curvature = settledCurvature(controlCurvature(model, control), model, control, { steps: 16 })
 */
export function settledCurvature(
  base: CurvatureOf,
  model: nn.Model,
  control: ControlImages,
  { steps, memory = settledMemory }: { readonly steps: number; readonly memory?: number },
): CurvatureOf {
  if (steps === 0) return base;
  return oncePerNames((names) => {
    const from = firstStageOf(model, names);
    const own = fittingInto(memory, model, from, control);
    const groups = Math.ceil(own.count / settledImages);
    const locality = new ControlLocality(model, own.batches(model, from), { names, groups });
    return withSettling(base(names), { locality, steps });
  });
}

/** As many of the control images as stage `from` receives in so many bytes. */
function fittingInto(bytes: number, model: nn.Model, from: number, control: ControlImages): ControlImages {
  for (const received of control.batches(model, from)) {
    const fitting = Math.floor((bytes * (received.shape[0] as number)) / (4 * received.numel));
    return fitting < control.count ? control.as(Math.max(fewestFitting, fitting)) : control;
  }
  return control;
}

/** γF: its inverse is F⁻¹ / γ. Whoever made F disposes of it. */
const timesOf = (curvature: Curvature, gamma: number): Curvature => ({
  parameters: curvature.parameters,
  identity: { ...curvature.identity, share: gamma },
  solve: (vectors, factored) => curvature.solve(vectors, factored).map((each) => each.div(gamma)),
  [Symbol.dispose]: () => {},
});

/** From the images that training here sees: for an evaluation that was given no curvature. */
export function trainingCurvature(
  model: nn.Model,
  dataset: ImageDataset,
  {
    normalization = dataset.normalization,
    device = 'cpu',
    metric = 'kronecker',
    settle = 0,
  }: { readonly normalization?: Normalization; readonly device?: Device } & MetricSettings,
): CurvatureOf {
  let own: CurvatureOf | undefined;
  return (names) => {
    if (own === undefined) {
      const control = new ControlImages(trainingSplits(dataset).train, { normalization, device });
      own = settledCurvature(curvatureIn(metric, model, control), model, control, { steps: settle });
    }
    return own(names);
  };
}

function curvatureIn(metric: Metric, model: nn.Model, control: ControlImages): CurvatureOf {
  if (metric === 'kronecker') return controlCurvature(model, control);
  const corrected = ekfacCurvature(model, control);
  return metric === 'ekfac' ? corrected : combinedCurvature(corrected, model, control);
}
