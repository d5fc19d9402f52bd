/** Editable+CNP as a way to repair (section 4.1): one application of the condition, judged from the stage that takes it. */
import { noGrad, scope, type Tensor } from '@editable/torch';
import { classification } from '../editing/constraints/classification.js';
import type { Activations } from '../evaluation/activations.js';
import { classesOf } from '../evaluation/predictions.js';
import type { BasePredictions, Repair, Repairer } from '../evaluation/repairer.js';
import type { TestSet } from '../evaluation/test-set.js';
import { modelHash } from '../patches/model-hash.js';
import { type ConditionalProcess, conditioned, conditionOf, stageAfter } from './conditional-process.js';
import { lossOf, repairedModel, unchanged } from './repaired-model.js';

/** One step: the condition is computed once, and the constraint holds after it or does not. */
export class ConditionalProcessRepairer implements Repairer {
  readonly identity: Readonly<Record<string, unknown>>;
  readonly labels: Int32Array;
  readonly base: BasePredictions;
  readonly #process: ConditionalProcess;
  readonly #testSet: TestSet;
  readonly #at: number;
  readonly #activations: Activations;

  /** The test set stays the caller's to dispose. @throws EditableError UNKNOWN_LAYER */
  constructor(process: ConditionalProcess, testSet: TestSet) {
    const { model, encoder, after } = process;
    this.#process = process;
    this.#testSet = testSet;
    this.#at = stageAfter(model, after);
    this.#activations = testSet.activations(model, this.#at);
    this.identity = { method: 'cnp', model: modelHash(model), encoder: modelHash(encoder), after };
    this.labels = testSet.labels;
    this.base = testSet.probabilities(model, this.#activations);
  }

  classify(images: Tensor): Int32Array {
    return classesOf(this.#process.model, images);
  }

  repair(input: Tensor, target: number): Repair {
    const { model, encoder } = this.#process;
    const constraint = classification(input, target);
    const before = lossOf(model, constraint);
    if (before <= 0) return unchanged(this, before);
    const condition = scope(() =>
      noGrad(() => conditionOf(encoder, model.call(input, { to: this.#at }).output, target)),
    );
    const edited = conditioned(model, this.#at, condition);
    const loss = scope(() => noGrad(() => constraint.loss(edited.call(input).output).item()));
    const outcome = { success: loss <= 0, steps: 1, loss };
    return repairedModel(edited, { testSet: this.#testSet, activations: this.#activations }, outcome);
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    this.#activations[Symbol.dispose]();
  }
}
