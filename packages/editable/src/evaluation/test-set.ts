/** Images to judge a model on, and its predictions on them with everything before the edited stages computed once. */
import { type Device, type nn, noGrad, scope, type Tensor, tensor } from '@editable/torch';
import { assembleBatch, type ImageSplit, type Normalization, sequentialBatches } from '../data/index.js';
import { Activations } from './activations.js';
import { finiteClasses } from './predictions.js';
import { isFasterInBfloat16, ReducedPrecision } from './reduced-precision.js';
import type { BasePredictions } from './repairer.js';

export interface TestSetOptions {
  readonly normalization: Normalization;
  readonly device?: Device;
  /** Images a forward pass. */
  readonly batchSize?: number;
  /** Predict in bfloat16 where that is faster here, and again in float32 where it could matter: the classes are the same. */
  readonly reducedPrecision?: boolean;
}

export class TestSet implements Disposable {
  readonly labels: Int32Array;
  readonly #batches: readonly Tensor[];
  readonly #reducedPrecision: boolean;

  constructor(split: ImageSplit, options: TestSetOptions) {
    const { normalization, device = 'cpu', batchSize = 250, reducedPrecision = false } = options;
    this.labels = split.labels.slice();
    this.#reducedPrecision = reducedPrecision;
    this.#batches = [...sequentialBatches(split.length, batchSize)].map((indices) =>
      tensor(assembleBatch(split, indices, { normalization }).images, {
        shape: [indices.length, ...split.shape],
        device,
      }),
    );
  }

  get length(): number {
    return this.labels.length;
  }

  /** The images themselves: predictions from them are in full precision. */
  get images(): Activations {
    return new Activations(this.#batches, 0, false);
  }

  /** What stage `from` receives, batch by batch; the images for 0. */
  activations(model: nn.Model, from: number): Activations {
    const owned = from > 0;
    const batches = owned
      ? this.#batches.map((batch) => noGrad(() => scope(() => model.call(batch, { to: from }).output)))
      : this.#batches;
    const isReduced = this.#reducedPrecision && isFasterInBfloat16(model, batches[0] as Tensor, from);
    return new Activations(batches, from, owned, isReduced ? new ReducedPrecision(model, batches, from) : undefined);
  }

  /** The predicted class of every image, or of those at `positions` (ascending); `noClass` where the output is not finite. */
  predict(model: nn.Model, activations: Activations = this.images, positions?: readonly number[]): Int32Array {
    return activations.predict(model, positions);
  }

  /** The predicted classes and the probabilities of every class. */
  probabilities(model: nn.Model, { batches, from }: Activations): BasePredictions {
    const parts = batches.map((batch) =>
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

  [Symbol.dispose](): void {
    for (const batch of this.#batches) batch.dispose();
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
