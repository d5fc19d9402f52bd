/** A lookup table in front of the model (section 1): the one input, equal to the bit, gets its target; nothing follows. */
import { type nn, noGrad, scope, type Tensor } from '@editable/torch';
import { checkLabel } from '../editing/constraints/classification.js';
import type { Activations } from '../evaluation/activations.js';
import { classesOf } from '../evaluation/predictions.js';
import type { BasePredictions, Repair, Repairer } from '../evaluation/repairer.js';
import type { TestSet } from '../evaluation/test-set.js';
import { modelHash } from '../patches/model-hash.js';
import { atPositions, classesOfModel, unchanged } from './repaired-model.js';

/** A step is an entry made in the table; there is no loss. */
export class LookupTableRepairer implements Repairer {
  readonly identity: Readonly<Record<string, unknown>>;
  readonly labels: Int32Array;
  readonly base: BasePredictions;
  readonly #model: nn.Model;
  readonly #images: Activations;
  readonly #classes: number;

  /** The test set stays the caller's to dispose. */
  constructor(model: nn.Model, testSet: TestSet) {
    this.#model = model;
    this.#images = testSet.images;
    this.#classes = classesOfModel(model, testSet);
    this.identity = { method: 'lookup-table', model: modelHash(model) };
    this.labels = testSet.labels;
    this.base = testSet.probabilities(model, this.#images);
  }

  classify(images: Tensor): Int32Array {
    return classesOf(this.#model, images);
  }

  repair(input: Tensor, target: number): Repair {
    checkLabel(target, this.#classes);
    if (this.classify(input)[0] === target) return unchanged(this, null);
    const found = (): boolean[] => this.#images.batches.flatMap((batch) => equalRows(batch, input));
    return {
      success: true,
      steps: 1,
      loss: null,
      changed: true,
      judge: (positions) => atPositions(withEntry(this.base.classes, found(), target), positions),
      classify: (images) => withEntry(this.classify(images), equalRows(images, input), target),
    };
  }

  /** The images are the test set's. */
  [Symbol.dispose](): void {}
}

const equalRows = (images: Tensor, input: Tensor): boolean[] =>
  scope(() =>
    noGrad(() => Array.from(images.eq(input).flatten({ startDim: 1 }).all(1).data() as ArrayLike<number>, Boolean)),
  );

const withEntry = (classes: Int32Array, found: readonly boolean[], target: number): Int32Array =>
  classes.map((value, i) => (found[i] ? target : value));
