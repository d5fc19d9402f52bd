/** Images as the first edited stage receives them: what the stages before it make of them is computed once. */
import type { Device, nn, Tensor } from '@editable/torch';
import type { ImageSplit, Normalization } from '../data/index.js';
import type { Activations } from '../evaluation/activations.js';
import { TestSet } from '../evaluation/test-set.js';

const batchSize = 250;

export interface CachedImagesOptions {
  readonly model: nn.Model;
  readonly from: number;
  readonly normalization: Normalization;
  readonly device: Device;
}

export class CachedImages implements Disposable {
  readonly #images: TestSet;
  readonly #activations: Activations;

  constructor(split: ImageSplit, { model, from, normalization, device }: CachedImagesOptions) {
    this.#images = new TestSet(split, { normalization, device, batchSize });
    this.#activations = this.#images.activations(model, from);
  }

  get labels(): Int32Array {
    return this.#images.labels;
  }

  classes(model: nn.Model): Int32Array {
    return this.#images.predict(model, this.#activations);
  }

  /** One image, as a batch of its own: a view. */
  input(position: number): Tensor {
    const batch = this.#activations.batches[Math.floor(position / batchSize)] as Tensor;
    return batch.narrow(0, position % batchSize, 1);
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    this.#activations[Symbol.dispose]();
    this.#images[Symbol.dispose]();
  }
}
