/**
 * Searches an editor's hyperparameters by the paper's rule (section 4.1): the least drawdown among those that succeed in
 * at least 95 % of edits within k steps. Looks at validation images only.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Device, nn } from '@editable/torch';
import { type ImageDataset, type Normalization, stream, subset } from '../data/index.js';
import { type EditorName, editorNamed } from '../editing/editors/index.js';
import { type EditRecord, Evaluator, summarize } from '../evaluation/evaluate.js';
import { trainingSplits } from '../runs/splits.js';
import type { EditorChoice } from '../training/settings.js';
import { searchSpaces } from './search-space.js';

export interface Trial {
  readonly editor: EditorChoice;
  readonly drawdown: number;
  readonly successRate: number;
  readonly meanSteps: number;
  /** Edits made: fewer than asked where too many had failed already. */
  readonly edits: number;
  readonly qualifies: boolean;
}

export interface TuneOptions {
  readonly editor: EditorName;
  /** Layer choices to try, each as `selectParameters` takes it. */
  readonly layers: readonly string[];
  /** Edits a trial. */
  readonly edits?: number;
  /** Validation images that drawdown is judged on. */
  readonly images?: number;
  readonly maxSteps?: number;
  /** Steps that trials may take: fewer than `maxSteps` leaves edits a margin. Default: `maxSteps`. */
  readonly searchSteps?: number;
  /** Share of edits that must succeed for hyperparameters to qualify; the paper's 0.95 where left out. */
  readonly minimumSuccess?: number;
  readonly seed?: number;
  readonly normalization?: Normalization;
  readonly device?: Device;
  readonly onTrial?: (trial: Trial, done: number, total: number) => void;
}

export interface Tuning {
  /** By the rule; where nothing qualifies, the trial with the highest success rate. */
  readonly best: Trial;
  readonly trials: readonly Trial[];
}

export async function tune(model: nn.Model, dataset: ImageDataset, options: TuneOptions): Promise<Tuning> {
  const { onTrial = () => {}, layers, editor } = options;
  const trials: Trial[] = [];
  const total = layers.length * countTrials(editor);
  for (const layer of layers) {
    using bench = new Bench(model, dataset, options, layer);
    for (const propose of proposals(editor)) {
      const own = trials.filter((trial) => trial.editor.layers === layer);
      const hyperparameters = propose(own);
      trials.push(bench.measure(hyperparameters));
      onTrial(trials.at(-1)!, trials.length, total);
      await turn();
    }
  }
  return { best: bestOf(trials), trials };
}

type Hyperparameters = Readonly<Record<string, number>>;
type Proposal = (trials: readonly Trial[]) => Hyperparameters;

/** Halvings of the gap between the best learning rate and the largest below it that fails. */
const refinements = 3;

/** The coarse grid, then each other hyperparameter's values, then smaller learning rates down to where edits fail. */
function proposals(editor: EditorName): Proposal[] {
  const { learningRates, others } = searchSpaces[editor];
  const start = Object.fromEntries(Object.entries(others).map(([name, values]) => [name, values[0]!]));
  return [
    ...learningRates.map(
      (learningRate): Proposal =>
        () => ({ ...start, learningRate }),
    ),
    ...Object.entries(others).flatMap(([name, values]) =>
      values.slice(1).map(
        (value): Proposal =>
          (trials) => ({ ...bestOf(trials).editor.hyperparameters, [name]: value }),
      ),
    ),
    ...Array.from({ length: refinements }, (): Proposal => smallerLearningRate),
  ];
}

/** Drawdown grows with the learning rate, so the best one lies just above those that fail. */
function smallerLearningRate(trials: readonly Trial[]): Hyperparameters {
  const { learningRate: best = 1, ...rest } = bestOf(trials).editor.hyperparameters;
  const rateOf = (trial: Trial): number => trial.editor.hyperparameters.learningRate ?? 0;
  const failing = trials.filter((trial) => !trial.qualifies && rateOf(trial) < best).map(rateOf);
  const below = failing.length === 0 ? best / 4 : Math.max(...failing);
  return { ...rest, learningRate: Number(Math.sqrt(below * best).toPrecision(3)) };
}

const countTrials = (editor: EditorName): number => proposals(editor).length;

function bestOf(trials: readonly Trial[]): Trial {
  const better = (a: Trial, b: Trial): boolean => {
    if (a.qualifies !== b.qualifies) return a.qualifies;
    if (!a.qualifies) return a.successRate > b.successRate;
    return a.drawdown !== b.drawdown ? a.drawdown < b.drawdown : a.meanSteps < b.meanSteps;
  };
  return trials.reduce((best, trial) => (better(trial, best) ? trial : best));
}

/** The same edits on the same validation images for every trial. */
class Bench implements Disposable {
  readonly #evaluator: Evaluator;
  readonly #choice: Omit<EditorChoice, 'hyperparameters'>;
  readonly #allowedFailures: number;

  constructor(model: nn.Model, dataset: ImageDataset, options: TuneOptions, layers: string) {
    const { editor, edits = 40, images = 1000, maxSteps = 10, minimumSuccess = 0.95, seed = 0 } = options;
    const { searchSteps = maxSteps } = options;
    const { validation } = trainingSplits(dataset);
    const count = Math.min(images, validation.length);
    this.#choice = { name: editor, layers, maxSteps };
    this.#allowedFailures = Math.floor(edits * (1 - minimumSuccess) + 1e-9);
    this.#evaluator = new Evaluator(model, dataset, {
      editor: { ...this.#choice, maxSteps: searchSteps, hyperparameters: {} },
      edits,
      seed,
      views: 0,
      split: subset(validation, stream(seed, 'tuning-images').sample(validation.length, count)),
      ...(options.normalization ? { normalization: options.normalization } : {}),
      ...(options.device ? { device: options.device } : {}),
    });
  }

  measure(hyperparameters: Hyperparameters): Trial {
    const editor = editorNamed(this.#choice.name, hyperparameters);
    const records: EditRecord[] = [];
    let failures = 0;
    for (const [position, task] of this.#evaluator.tasks().entries()) {
      const record = this.#evaluator.run(task, position, editor);
      records.push(record);
      if (!record.success) failures += 1;
      if (failures > this.#allowedFailures) break;
    }
    const { drawdown, successRate, meanSteps, edits } = summarize(records);
    return {
      editor: { ...this.#choice, hyperparameters },
      drawdown,
      successRate,
      meanSteps,
      edits,
      qualifies: failures <= this.#allowedFailures,
    };
  }

  [Symbol.dispose](): void {
    this.#evaluator[Symbol.dispose]();
  }
}
