/** Images to judge a model on, and its predictions on them with everything before the edited stages computed once. */
import { type Device, type nn, noGrad, scope, type Tensor, tensor } from '@editable/torch';
import { assembleBatch, type ImageSplit, type Normalization, sequentialBatches } from '../data/index.js';

export interface TestSetOptions {
  readonly normalization: Normalization;
  readonly device?: Device;
  /** Images a forward pass. */
  readonly batchSize?: number;
}

export class TestSet implements Disposable {
  readonly labels: Uint8Array;
  readonly #batches: readonly Tensor[];

  constructor(split: ImageSplit, { normalization, device = 'cpu', batchSize = 250 }: TestSetOptions) {
    this.labels = split.labels.slice();
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

  /** What stage `from` receives, batch by batch; the images themselves for 0. */
  activations(model: nn.Model, from: number): Activations {
    if (from === 0) return new Activations(this.#batches, 0, false);
    const batches = this.#batches.map((batch) => noGrad(() => scope(() => model.call(batch, { to: from }).output)));
    return new Activations(batches, from, true);
  }

  /** The predicted class of every image; `noClass` where the model's output is not finite. */
  predict(model: nn.Model, { batches, from }: Activations = this.activations(model, 0)): Uint8Array {
    const predictions = new Uint8Array(this.length);
    let offset = 0;
    for (const batch of batches) {
      const values = scope(() => noGrad(() => predictBatch(model, batch, from)));
      predictions.set(values, offset);
      offset += values.length;
    }
    return predictions;
  }

  [Symbol.dispose](): void {
    for (const batch of this.#batches) batch.dispose();
  }
}

/** Cached inputs of one stage; they belong to the model's unedited part. */
export class Activations implements Disposable {
  readonly batches: readonly Tensor[];
  readonly from: number;
  readonly #owned: boolean;

  constructor(batches: readonly Tensor[], from: number, owned: boolean) {
    this.batches = batches;
    this.from = from;
    this.#owned = owned;
  }

  [Symbol.dispose](): void {
    if (this.#owned) for (const batch of this.batches) batch.dispose();
  }
}

/** The class of an image on which the model gives NaN or infinity: none, so it counts as wrong. */
export const noClass = 255;

function predictBatch(model: nn.Model, batch: Tensor, from: number): Uint8Array {
  const logits = model.call(batch, { from }).output;
  const classes = Uint8Array.from(logits.argmax({ dim: 1 }).data() as BigInt64Array, Number);
  const finite = logits.isfinite().all(1).data();
  return classes.map((value, i) => (finite[i] === 0 ? noClass : value));
}

/** Share of predictions that differ from the labels. */
export function errorRate(predictions: Uint8Array, labels: Uint8Array): number {
  let wrong = 0;
  for (let i = 0; i < labels.length; i++) if (predictions[i] !== labels[i]) wrong += 1;
  return wrong / labels.length;
}

/** How many predictions differ between two models. */
export function countFlips(before: Uint8Array, after: Uint8Array): number {
  let flips = 0;
  for (let i = 0; i < before.length; i++) if (before[i] !== after[i]) flips += 1;
  return flips;
}
