/** Images to judge a model on, and its predictions on them with everything before the edited stages computed once. */
import { cat, type Device, type nn, noGrad, scope, type Tensor, tensor } from '@editable/torch';
import { assembleBatch, type ImageSplit, type Normalization, sequentialBatches } from '../data/index.js';
import type { BasePredictions } from './repairer.js';

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

  /** The predicted class of every image, or of those at `positions` (ascending); `noClass` where the output is not finite. */
  predict(
    model: nn.Model,
    activations: Activations = this.activations(model, 0),
    positions?: readonly number[],
  ): Uint8Array {
    const { batches, from } = activations;
    if (positions !== undefined) return scope(() => classesOf(model, activations.gather(positions), from));
    const predictions = new Uint8Array(this.length);
    let offset = 0;
    for (const batch of batches) {
      const values = classesOf(model, batch, from);
      predictions.set(values, offset);
      offset += values.length;
    }
    return predictions;
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
      classes: Uint8Array.from(parts.flatMap(({ classes }) => [...classes])),
      probabilities: Float32Array.from(parts.flatMap(({ rows }) => [...rows])),
    };
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

  /** The inputs at these positions, which ascend: a new tensor. */
  gather(positions: readonly number[]): Tensor {
    let start = 0;
    const parts = this.batches.flatMap((batch) => {
      const end = start + (batch.shape[0] as number);
      const own = positions.filter((position) => position >= start && position < end);
      const at = BigInt64Array.from(own, (position) => BigInt(position - start));
      start = end;
      return own.length === 0 ? [] : [batch.indexSelect(0, tensor(at, { device: batch.device }))];
    });
    return cat(parts);
  }

  [Symbol.dispose](): void {
    if (this.#owned) for (const batch of this.batches) batch.dispose();
  }
}

/** The class of an image on which the model gives NaN or infinity: none, so it counts as wrong. */
export const noClass = 255;

/** Classes of a batch that enters stage `from`. */
export const classesOf = (model: nn.Model, batch: Tensor, from = 0): Uint8Array =>
  scope(() => noGrad(() => finiteClasses(model.call(batch, { from }).output)));

function finiteClasses(logits: Tensor): Uint8Array {
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
