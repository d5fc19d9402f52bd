/** N independent edits of one model (section 4.1): drawdown, success rate, steps, and how far each edit generalises. */
import { setImmediate as turn } from 'node:timers/promises';
import type { nn } from '@editable/torch';
import type { ImageDataset } from '../data/index.js';
import type { CurvatureOf } from '../editing/curvature/curvature.js';
import type { Editor } from '../editing/editor.js';
import { canonicalChoice, type EditorChoice, metricOf } from '../editing/editor-choice.js';
import { alone, rangeOf } from '../sharing/share.js';
import { trainingCurvature } from './control-curvature.js';
import type { EditTargets, EditTask } from './edit-tasks.js';
import type { RepairEvaluationOptions } from './evaluation-options.js';
import { GradientRepairer } from './gradient-repairer.js';
import { judgedImages } from './judged-images.js';
import { type EditRecord, type EditSummary, RecordsFile, summarize } from './records.js';
import { RepairJudge } from './repair-judge.js';
import type { Repairer } from './repairer.js';
import { shardKey } from './shards.js';
import type { TestSet } from './test-set.js';

/** What any way to repair is measured by. */
export interface RepairEvaluation extends EditSummary {
  /** Right answers that turn wrong by an edit, as a share of the judged images (Yan et al., 2021). */
  readonly negativeFlipRate: number;
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
  /** For the natural editor; default: computed from training images, without their labels. */
  readonly curvature?: CurvatureOf | undefined;
}

/** @throws EditableError INVALID_ARGUMENT for counts that are not positive whole numbers */
export async function evaluate(model: nn.Model, dataset: ImageDataset, options: EvaluateOptions): Promise<Evaluation> {
  const start = performance.now();
  using testSet = judgedImages(dataset, options);
  const curvature = options.curvature ?? trainingCurvature(model, dataset, { ...options, ...metricOf(options.editor) });
  using repairer = new GradientRepairer(model, testSet, options.editor, curvature);
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
  const { share, recordsFile } = options;
  const key = share === undefined ? judge.key() : shardKey(judge.key(), share, tasks.length);
  const kept = recordsFile === undefined ? undefined : new RecordsFile(recordsFile, key);
  const [from, to] = rangeOf(tasks.length, share ?? alone);
  const records: EditRecord[] = kept?.records.slice(0, to - from) ?? [];
  for (let done = records.length; done < to - from; done++) {
    const record = judge.run(tasks[from + done]!, from + done);
    records.push(record);
    kept?.append(record);
    options.onEdit?.(done + 1, to - from);
    await turn();
  }
  return evaluationOf(records, { ...judge.facts(), seconds: (performance.now() - start) / 1000 });
}

/** The metrics of records, with what they were measured on. */
export function evaluationOf(records: readonly EditRecord[], facts: EvaluationFacts): RepairEvaluation {
  const { testError, testImages, targets, seed, seconds } = facts;
  const summary = summarize(records);
  const negativeFlipRate = summary.negativeFlips / testImages;
  return { ...summary, ...{ testError, testImages, targets, seed }, negativeFlipRate, records, seconds };
}

export type EvaluationFacts = Pick<RepairEvaluation, 'testError' | 'testImages' | 'targets' | 'seed' | 'seconds'>;

/** Makes edits of one model on one set of layers and judges each; tuning runs many editors through the same one. */
export class Evaluator implements Disposable {
  readonly #testSet: TestSet;
  readonly #repairer: GradientRepairer;
  readonly #judge: RepairJudge;

  constructor(model: nn.Model, dataset: ImageDataset, options: EvaluateOptions) {
    this.#testSet = judgedImages(dataset, options);
    const curvature =
      options.curvature ?? trainingCurvature(model, dataset, { ...options, ...metricOf(options.editor) });
    this.#repairer = new GradientRepairer(model, this.#testSet, options.editor, curvature);
    this.#judge = new RepairJudge(this.#repairer, dataset, options);
  }

  /** The edits to be judged, a function of the options alone. */
  tasks(): EditTask[] {
    return this.#judge.tasks();
  }

  /** `editor`: instead of the options' one, on the same layers. */
  run(task: EditTask, position: number, editor?: Editor): EditRecord {
    return this.#judge.run(task, position, (input, target, views) =>
      this.#repairer.repair(input, target, views, editor),
    );
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    this.#repairer[Symbol.dispose]();
    this.#testSet[Symbol.dispose]();
  }
}
