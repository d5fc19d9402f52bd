/**
 * Searches an editor's hyperparameters by the paper's rule (section 4.1): the least drawdown among those that succeed in
 * at least 95 % of edits within k steps. Looks at validation images only.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { nn } from '@editable/torch';
import { type ImageDataset, stream, subset } from '../data/index.js';
import type { EditorChoice } from '../editing/editor-choice.js';
import type { EditorName } from '../editing/editors/index.js';
import { trainingSplits } from '../runs/splits.js';
import { Bench } from './bench.js';
import { searchSpaces } from './search-space.js';
import { allowedFailures, bestOf, type Trial } from './trial.js';
import { type TrialOptions, trialSettings } from './trial-options.js';
import { trialsIn } from './trials-file.js';

export interface TuneOptions extends TrialOptions {
  readonly editor: EditorName;
  /** Layer choices to try, each as `selectParameters` takes it. */
  readonly layers: readonly string[];
  /** `total`: the most trials that there can be; learning rates beyond the best one are left out. */
  readonly onTrial?: (trial: Trial, done: number, total: number) => void;
}

export interface Tuning {
  /** By the rule; where nothing qualifies, the trial with the highest success rate. */
  readonly best: Trial;
  readonly trials: readonly Trial[];
}

/** @throws EditableError INVALID_ARGUMENT where no layers are given or the counts exceed the validation images */
export async function tune(model: nn.Model, dataset: ImageDataset, options: TuneOptions): Promise<Tuning> {
  const { editor, layers, onTrial = () => {} } = options;
  const { maxSteps, edits, images, searchSteps, minimumSuccess, seed, trialsFile, ...place } = trialSettings(options);
  const { validation } = trainingSplits(dataset);
  const count = Math.min(images, validation.length);
  const allowed = allowedFailures(edits, minimumSuccess);
  using bench = new Bench(model, dataset, {
    split: subset(validation, stream(seed, 'tuning-images').sample(validation.length, count)),
    edits,
    seed,
    searchSteps,
    allowedFailures: allowed,
    stopAfter: allowed,
    kept: trialsIn(trialsFile, place.group),
    ...place,
  });
  const trials: Trial[] = [];
  const total = layers.length * trialsOf(editor);
  for (const each of layers) {
    const onOne = (trial: Trial): void => onTrial(trial, trials.push(trial), total);
    await searchHyperparameters(bench, { name: editor, layers: each, maxSteps }, { onTrial: onOne });
  }
  return { best: bestOf(trials), trials };
}

export interface SearchOptions {
  /** From small to large; default: the editor's whole grid. */
  readonly learningRates?: readonly number[];
  /** Try other values of the other hyperparameters. */
  readonly others?: boolean;
  /** Halvings of the gap between the best learning rate and the largest below it that fails. */
  readonly halvings?: number;
  readonly onTrial?: (trial: Trial) => void;
}

const usualHalvings = 3;

/** Every trial of one editor on one set of layers: learning rates, the other hyperparameters, learning rates again. */
export async function searchHyperparameters(
  bench: Bench,
  choice: Omit<EditorChoice, 'hyperparameters'>,
  options: SearchOptions,
): Promise<readonly Trial[]> {
  const { learningRates: grid, others: otherValues } = searchSpaces[choice.name];
  const { learningRates = grid, others = true, halvings = usualHalvings } = options;
  const trials: Trial[] = [];
  const measure = async (hyperparameters: Hyperparameters): Promise<Trial> => {
    const trial = bench.measure({ ...choice, hyperparameters });
    trials.push(trial);
    options.onTrial?.(trial);
    await turn();
    return trial;
  };
  const start = Object.fromEntries(Object.entries(otherValues).map(([name, values]) => [name, values[0]!]));
  if (grid.length === 0) {
    await measure({});
    return trials;
  }
  for (const learningRate of learningRates) {
    const trial = await measure({ ...start, learningRate });
    const best = bestOf(trials);
    // Drawdown grows with the learning rate: those beyond are worse still.
    if (best.qualifies && best !== trial) break;
  }
  const alternatives = others ? alternativesOf(choice.name) : [];
  for (const [name, value] of alternatives) await measure({ ...bestOf(trials).editor.hyperparameters, [name]: value });
  for (let i = 0; i < halvings; i++) await measure(smallerLearningRate(trials));
  return trials;
}

type Hyperparameters = EditorChoice['hyperparameters'];

/** The values of the hyperparameters besides the learning rate that the search does not start from. */
const alternativesOf = (editor: EditorName): readonly (readonly [name: string, value: number])[] =>
  Object.entries(searchSpaces[editor].others).flatMap(([name, values]) =>
    values.slice(1).map((value) => [name, value] as const),
  );

const trialsOf = (editor: EditorName): number =>
  searchSpaces[editor].learningRates.length === 0
    ? 1
    : searchSpaces[editor].learningRates.length + alternativesOf(editor).length + usualHalvings;

/** Drawdown grows with the learning rate, so the best one lies just above those that fail. */
function smallerLearningRate(trials: readonly Trial[]): Hyperparameters {
  const { learningRate, ...rest } = bestOf(trials).editor.hyperparameters;
  const best = Number(learningRate ?? 1);
  const failing = trials.filter((trial) => !trial.qualifies && learningRateOf(trial) < best).map(learningRateOf);
  const below = failing.length === 0 ? best / 4 : Math.max(...failing);
  return { ...rest, learningRate: Number(Math.sqrt(below * best).toPrecision(3)) };
}

export const learningRateOf = (trial: Trial): number => Number(trial.editor.hyperparameters.learningRate ?? 0);
