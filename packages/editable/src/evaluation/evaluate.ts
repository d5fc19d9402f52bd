/** N independent edits of one model (section 4.1): drawdown, success rate, steps, and how far each edit generalises. */
import { setImmediate as turn } from 'node:timers/promises';
import type { nn } from '@editable/torch';
import type { ImageDataset } from '../data/index.js';
import type { Editor } from '../editing/editor.js';
import { canonicalChoice, type EditorChoice } from '../editing/editor-choice.js';
import type { EditTargets, EditTask } from './edit-tasks.js';
import type { RepairEvaluationOptions } from './evaluation-options.js';
import { GradientRepairer } from './gradient-repairer.js';
import { judgedImages } from './judged-images.js';
import { type EditRecord, type EditSummary, RecordsFile, summarize } from './records.js';
import { RepairJudge } from './repair-judge.js';
import type { Repairer } from './repairer.js';
import type { TestSet } from './test-set.js';

/** What any way to repair is measured by. */
export interface RepairEvaluation extends EditSummary {
  readonly testError: number;
  readonly testImages: number;
  readonly seconds: number;
  readonly targets: EditTargets;
  readonly seed: number;
  readonly records: readonly EditRecord[];
}

export interface Evaluation extends RepairEvaluation {
  readonly editor: EditorChoice;
}

export interface EvaluateOptions extends RepairEvaluationOptions {
  readonly editor: EditorChoice;
}

/** @throws EditableError INVALID_ARGUMENT for counts that are not positive whole numbers */
export async function evaluate(model: nn.Model, dataset: ImageDataset, options: EvaluateOptions): Promise<Evaluation> {
  const start = performance.now();
  using testSet = judgedImages(dataset, options);
  using repairer = new GradientRepairer(model, testSet, options.editor);
  const evaluation = await evaluateRepairs(repairer, dataset, options);
  const seconds = (performance.now() - start) / 1000;
  return { ...evaluation, editor: canonicalChoice(options.editor), seconds };
}

/**
 * N independent repairs by any method, on the images that its repairer was made with: those of `judgedImages` for the
 * same options.
 */
export async function evaluateRepairs(
  repairer: Repairer,
  dataset: ImageDataset,
  options: RepairEvaluationOptions,
): Promise<RepairEvaluation> {
  const start = performance.now();
  const judge = new RepairJudge(repairer, dataset, options);
  const tasks = judge.tasks();
  const kept = options.recordsFile === undefined ? undefined : new RecordsFile(options.recordsFile, judge.key());
  const records: EditRecord[] = kept?.records.slice(0, tasks.length) ?? [];
  for (let done = records.length; done < tasks.length; done++) {
    const record = judge.run(tasks[done]!, done);
    records.push(record);
    kept?.append(record);
    options.onEdit?.(done + 1, tasks.length);
    await turn();
  }
  return { ...summarize(records), ...judge.facts(), records, seconds: (performance.now() - start) / 1000 };
}

/** Makes edits of one model on one set of layers and judges each; tuning runs many editors through the same one. */
export class Evaluator implements Disposable {
  readonly #testSet: TestSet;
  readonly #repairer: GradientRepairer;
  readonly #judge: RepairJudge;

  constructor(model: nn.Model, dataset: ImageDataset, options: EvaluateOptions) {
    this.#testSet = judgedImages(dataset, options);
    this.#repairer = new GradientRepairer(model, this.#testSet, options.editor);
    this.#judge = new RepairJudge(this.#repairer, dataset, options);
  }

  tasks(): EditTask[] {
    return this.#judge.tasks();
  }

  /** `editor`: instead of the options' one, on the same layers. */
  run(task: EditTask, position: number, editor?: Editor): EditRecord {
    return this.#judge.run(task, position, (input, target) => this.#repairer.repair(input, target, editor));
  }

  [Symbol.dispose](): void {
    this.#repairer[Symbol.dispose]();
    this.#testSet[Symbol.dispose]();
  }
}
