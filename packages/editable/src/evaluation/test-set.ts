/** Images to judge a model on, and its predictions on them with everything before the edited stages computed once. */
import { type Device, type nn, noGrad, scope, type Tensor, tensor } from '@editable/torch';
import { assembleBatch, type ImageSplit, type Normalization, sequentialBatches } from '../data/index.js';
import { Activations, type ImageStream } from './activations.js';
import { finiteClasses } from './predictions.js';
import { isFasterInBfloat16, ReducedPrecision } from './reduced-precision.js';
import type { BasePredictions } from './repairer.js';

export interface TestSetOptions {
  readonly normalization: Normalization;
  readonly device?: Device;
  /** Images a forward pass. Default: 250, and fewer where they are large. */
  readonly batchSize?: number;
  /** Predict in bfloat16 where that is faster here, and again in float32 where it could matter: the classes are the same. */
  readonly reducedPrecision?: boolean;
  /** Bytes of images, or of what a stage receives for them, that are held; where they are more, they are made for each pass. */
  readonly memory?: number;
}

/** 3,500 photographs of 224 × 224; 170,000 images of 32 × 32. */
const usualMemory = 2 * 2 ** 30;
const usualBatch = 250;
/** Of one batch of images: a network's activations are some ten times as large. */
const batchBytes = 32 * 2 ** 20;

/** Labelled images, normalised once, that models are judged on. Free it with `using`. */
export class TestSet implements Disposable {
  readonly labels: Int32Array;
  readonly #inputs: readonly Tensor[] | ImageStream;
  readonly #memory: number;
  readonly #reducedPrecision: boolean;

  constructor(split: ImageSplit, options: TestSetOptions) {
    const { normalization, device = 'cpu', reducedPrecision = false, memory = usualMemory } = options;
    const imageBytes = 4 * split.shape[0] * split.shape[1] * split.shape[2];
    const { batchSize = Math.max(1, Math.min(usualBatch, Math.floor(batchBytes / imageBytes))) } = options;
    this.labels = split.labels.slice();
    this.#reducedPrecision = reducedPrecision;
    this.#memory = memory;
    const batch = (positions: ArrayLike<number>): Tensor =>
      tensor(assembleBatch(split, positions, { normalization }).images, {
        shape: [positions.length, ...split.shape],
        device,
      });
    this.#inputs =
      split.length * imageBytes <= memory
        ? [...sequentialBatches(split.length, batchSize)].map(batch)
        : { length: split.length, batchSize, batch };
  }

  get length(): number {
    return this.labels.length;
  }

  /** The images themselves: predictions from them are in full precision. */
  get images(): Activations {
    return new Activations(this.#inputs, 0, false);
  }

  /** What stage `from` receives, batch by batch, where it can be held; else the images, as for 0. */
  activations(model: nn.Model, from: number): Activations {
    if (from > 0 && this.#fits(model, from)) {
      const batches = this.images.over((batch) => received(model, batch, from));
      return new Activations(batches, from, true, this.#reduced(model, batches, from));
    }
    return new Activations(this.#inputs, 0, false, this.#reduced(model, this.#inputs, 0));
  }

  #fits(model: nn.Model, from: number): boolean {
    const [floats] = this.images.over((image) => received(model, image, from).numel, [0]);
    return 4 * (floats as number) * this.length <= this.#memory;
  }

  #reduced(model: nn.Model, inputs: readonly Tensor[] | ImageStream, from: number): ReducedPrecision | undefined {
    if ('batch' in inputs || !this.#reducedPrecision) return undefined;
    return isFasterInBfloat16(model, inputs[0] as Tensor, from) ? new ReducedPrecision(model, inputs, from) : undefined;
  }

  /** The predicted class of every image, or of those at `positions` (ascending); `noClass` where the output is not finite. */
  predict(model: nn.Model, activations: Activations = this.images, positions?: readonly number[]): Int32Array {
    return activations.predict(model, positions);
  }

  /** The predicted classes and the probabilities of every class. */
  probabilities(model: nn.Model, activations: Activations): BasePredictions {
    const { from } = activations;
    const parts = activations.over((batch) =>
      scope(() =>
        noGrad(() => {
          const logits = model.call(batch, { from }).output;
          return { classes: finiteClasses(logits), rows: logits.softmax(1).to('float32').data() as Float32Array };
        }),
      ),
    );
    return {
      classes: Int32Array.from(parts.flatMap(({ classes }) => [...classes])),
      probabilities: joined(parts.map(({ rows }) => rows)),
    };
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    if (!('batch' in this.#inputs)) for (const batch of this.#inputs) batch.dispose();
  }
}

const received = (model: nn.Model, batch: Tensor, from: number): Tensor =>
  noGrad(() => scope(() => model.call(batch, { to: from }).output));

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
