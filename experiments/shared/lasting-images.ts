/** The judged images of a process: what the stages before the edited ones make of them is the same for many rows. */
import type { nn } from '@editable/torch';
import {
  Activations,
  type BasePredictions,
  judgedSplit,
  modelHash,
  type RepairEvaluationOptions,
  TestSet,
} from 'editable';
import { digest } from './digest.js';
import type { Session } from './session.js';

let last: { readonly key: string; readonly images: LastingImages } | undefined;

/** Those of the last call where they are the same, since one row follows another. They are not the caller's to dispose. */
export function lastingImages({ dataset }: Session, options: RepairEvaluationOptions): TestSet {
  const { normalization = dataset.normalization, device = 'cpu', reducedPrecision = false } = options;
  const { testImages, seed } = options;
  const key = digest([dataset.name, normalization, device, reducedPrecision, testImages, seed]);
  if (last?.key === key) return last.images;
  last?.images[Symbol.dispose]();
  const images = new LastingImages(judgedSplit(dataset, options), { normalization, device, reducedPrecision });
  last = { key, images };
  return images;
}

/** Keeps the activations of the last model and stage, and the model's own answers. */
class LastingImages extends TestSet {
  #kept: { readonly key: string; readonly activations: Activations; base?: BasePredictions } | undefined;

  override activations(model: nn.Model, from: number): Activations {
    const key = `${modelHash(model)} ${from}`;
    if (this.#kept?.key !== key) {
      this.#kept?.activations[Symbol.dispose]();
      this.#kept = { key, activations: super.activations(model, from) };
    }
    return new Borrowed(this.#kept.activations);
  }

  override probabilities(model: nn.Model, activations: Activations): BasePredictions {
    if (this.#kept?.key !== `${modelHash(model)} ${activations.from}`) return super.probabilities(model, activations);
    this.#kept.base ??= super.probabilities(model, activations);
    return this.#kept.base;
  }

  override [Symbol.dispose](): void {
    this.#kept?.activations[Symbol.dispose]();
    super[Symbol.dispose]();
  }
}

/** Whoever it is lent to disposes of nothing. */
class Borrowed extends Activations {
  constructor({ batches, from, reduced }: Activations) {
    super(batches, from, false, reduced);
  }

  override [Symbol.dispose](): void {}
}
