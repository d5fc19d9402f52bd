/** The paper's repair: a few gradient steps on the chosen layers (equation 1); what comes before these is computed once. */
import type { nn, Tensor } from '@editable/torch';
import { classification } from '../editing/constraints/classification.js';
import { edit } from '../editing/edit.js';
import type { Editor } from '../editing/editor.js';
import { canonicalChoice, type EditorChoice } from '../editing/editor-choice.js';
import { editorNamed } from '../editing/editors/index.js';
import { firstStageOf, selectParameters } from '../editing/layers.js';
import { modelHash } from '../patches/model-hash.js';
import type { Activations } from './activations.js';
import { classesOf } from './predictions.js';
import type { BasePredictions, Repair, Repairer } from './repairer.js';
import type { TestSet } from './test-set.js';

export class GradientRepairer implements Repairer {
  readonly identity: Readonly<Record<string, unknown>>;
  readonly labels: Uint8Array;
  readonly base: BasePredictions;
  readonly #model: nn.Model;
  readonly #testSet: TestSet;
  readonly #choice: EditorChoice;
  readonly #activations: Activations;

  /** The test set stays the caller's to dispose. */
  constructor(model: nn.Model, testSet: TestSet, choice: EditorChoice) {
    this.#model = model;
    this.#testSet = testSet;
    this.#choice = canonicalChoice(choice);
    this.identity = { model: modelHash(model), editor: this.#choice };
    this.labels = testSet.labels;
    this.#activations = testSet.activations(model, firstStageOf(model, selectParameters(model, choice.layers)));
    this.base = testSet.probabilities(model, this.#activations);
  }

  classify(images: Tensor): Uint8Array {
    return classesOf(this.#model, images);
  }

  /** `editor`: instead of the choice's, on the same layers. */
  repair(input: Tensor, target: number, editor: Editor = this.#editor()): Repair {
    const { layers, maxSteps } = this.#choice;
    const { model, success, steps, loss } = edit(this.#model, classification(input, target), {
      editor,
      layers,
      maxSteps,
    });
    return {
      success,
      steps,
      loss,
      changed: steps > 0,
      judge: (positions) => this.#testSet.predict(model, this.#activations, positions),
      classify: (images) => classesOf(model, images),
    };
  }

  #editor(): Editor {
    return editorNamed(this.#choice.name, this.#choice.hyperparameters);
  }

  [Symbol.dispose](): void {
    this.#activations[Symbol.dispose]();
  }
}
