/** The paper's repair: a few gradient steps on the chosen layers (equation 1); what comes before these is computed once. */
import type { nn, Tensor } from '@editable/torch';
import { repairOf } from '../editing/constraints/classification.js';
import type { CurvatureOf } from '../editing/curvature/curvature.js';
import { edit } from '../editing/edit.js';
import type { Editor } from '../editing/editor.js';
import { canonicalChoice, type EditorChoice, editorOf } from '../editing/editor-choice.js';
import { firstStageOf, selectParameters } from '../editing/layers.js';
import { modelHash } from '../patches/model-hash.js';
import type { Activations } from './activations.js';
import { classesOf } from './predictions.js';
import type { BasePredictions, Repair, Repairer } from './repairer.js';
import type { TestSet } from './test-set.js';

export class GradientRepairer implements Repairer {
  readonly identity: Readonly<Record<string, unknown>>;
  readonly labels: Int32Array;
  readonly base: BasePredictions;
  readonly #model: nn.Model;
  readonly #testSet: TestSet;
  readonly #choice: EditorChoice;
  readonly #activations: Activations;
  readonly #editor: Editor;

  /** The test set stays the caller's to dispose; `curvature` is for the natural editor. */
  constructor(model: nn.Model, testSet: TestSet, choice: EditorChoice, curvature?: CurvatureOf) {
    this.#model = model;
    this.#testSet = testSet;
    this.#choice = canonicalChoice(choice);
    this.#editor = editorOf(this.#choice, model, curvature);
    const metric = this.#editor.curvature?.identity;
    this.identity = { model: modelHash(model), editor: this.#choice, ...(metric ? { curvature: metric } : {}) };
    this.labels = testSet.labels;
    this.#activations = testSet.activations(model, firstStageOf(model, selectParameters(model, choice.layers)));
    this.base = testSet.probabilities(model, this.#activations);
  }

  classify(images: Tensor): Int32Array {
    return classesOf(this.#model, images);
  }

  get views(): number {
    return this.#choice.views ?? 0;
  }

  /** `editor`: instead of the choice's, on the same layers. */
  repair(input: Tensor, target: number, views?: Tensor, editor: Editor = this.#editor): Repair {
    const { layers, maxSteps, margin = 0 } = this.#choice;
    const { model, success, steps, loss } = edit(this.#model, repairOf(input, target, { views, margin }), {
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

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    this.#activations[Symbol.dispose]();
  }
}
