/** The three stages of a card's search: every pair coarsely, the best ones in full, and these again on fresh images. */
import { setImmediate as turn } from 'node:timers/promises';
import type { nn } from '@editable/torch';
import { type ImageDataset, type ImageSplit, stream, subset } from '../data/index.js';
import type { CurvatureOf } from '../editing/curvature/curvature.js';
import type { EditorChoice } from '../editing/editor-choice.js';
import type { EditorName } from '../editing/editors/index.js';
import { selectParameters } from '../editing/layers.js';
import { EditableError } from '../errors.js';
import { trainingCurvature } from '../evaluation/control-curvature.js';
import { trainingSplits } from '../runs/splits.js';
import { Bench, type BenchOptions } from './bench.js';
import { searchSpaces } from './search-space.js';
import { allowedFailures, bestOf, plausibleFailures, type Trial } from './trial.js';
import type { TrialSettings } from './trial-options.js';
import { type TrialsFile, trialsIn } from './trials-file.js';
import { learningRateOf, type SearchOptions, searchHyperparameters } from './tune.js';

export type CardStage = 'coarse' | 'full' | 'final';

export interface CardProgress {
  readonly stage: CardStage;
  readonly trial: Trial;
  /** Pairs of editor and layers that this stage is through with. */
  readonly done: number;
  readonly total: number;
}

/** What a stage's figures rest on. */
export interface CardSample {
  /** Edits of a trial that is not ended early. */
  readonly edits: number;
  /** Validation images, edited and judged. */
  readonly images: number;
  readonly seed: number;
}

/** A pair of editor and layers that was not tried. */
export interface SkippedPair {
  readonly editor: EditorName;
  readonly layers: string;
  readonly why: string;
}

/** `CardOptions` with the defaults in place. */
export interface CardSettings extends TrialSettings {
  readonly editors: readonly EditorName[];
  readonly layers: readonly string[];
  readonly onProgress: (progress: CardProgress) => void;
}

/** Each stage works on a bench of its own. */
export class CardSearch {
  readonly samples: Readonly<Record<CardStage, CardSample>>;
  trials = 0;
  seconds = 0;
  /** Pairs that cannot be tried, with the reason. */
  readonly skipped: SkippedPair[] = [];
  readonly #model: nn.Model;
  readonly #dataset: ImageDataset;
  readonly #settings: CardSettings;
  readonly #splits: Readonly<Record<CardStage, ImageSplit>>;
  readonly #kept: TrialsFile | undefined;
  readonly #curvature: CurvatureOf;

  constructor(model: nn.Model, dataset: ImageDataset, settings: CardSettings) {
    const { edits, images, seed, trialsFile } = settings;
    this.#model = model;
    this.#dataset = dataset;
    this.#settings = settings;
    this.#curvature = settings.curvature ?? trainingCurvature(model, dataset, settings);
    this.#kept = trialsIn(trialsFile, settings.group);
    const { validation } = trainingSplits(dataset);
    // Half of the validation images at most, so that as many are left for the finalists.
    const count = Math.min(images, Math.floor(validation.length / 2));
    const order = stream(seed, 'card-images').sample(validation.length, 2 * count);
    checkEdits(edits, count);
    checkRate(settings.minimumSuccess);
    const quarter = quarterOf(count, 100);
    const take = (from: number, to: number): ImageSplit => subset(validation, order.slice(from, to));
    this.#splits = { coarse: take(0, quarter), full: take(0, count), final: take(count, 2 * count) };
    this.samples = {
      coarse: { edits: quarterOf(edits, 8), images: quarter, seed },
      full: { edits, images: count, seed },
      final: { edits: Math.min(2 * edits, count), images: count, seed: stream(seed, 'card-final').uint32() },
    };
  }

  /** The best learning rate of every pair, on few edits and images. */
  async coarse(): Promise<readonly Trial[]> {
    const { editors, layers, maxSteps, minimumSuccess, searchSteps } = this.#settings;
    const { edits } = this.samples.coarse;
    using bench = this.#bench('coarse', {
      searchSteps,
      allowedFailures: allowedFailures(edits, minimumSuccess),
      stopAfter: plausibleFailures(edits, minimumSuccess),
    });
    const found: Trial[] = [];
    for (const each of layers) {
      for (const name of editors) {
        const why = name === 'natural' ? this.#withoutCurvature(each) : undefined;
        if (why !== undefined) {
          this.skipped.push({ editor: name, layers: each, why });
          continue;
        }
        const choice = { name, layers: each, maxSteps };
        const trials = await searchHyperparameters(bench, choice, { ...coarsely, onTrial: this.#count });
        const best = bestOf(trials);
        const done = found.push(best) + this.skipped.length;
        this.#report('coarse', best, done, layers.length * editors.length);
      }
    }
    return found;
  }

  /** Why layers have no curvature; it is computed here, once for all stages. */
  #withoutCurvature(layers: string): string | undefined {
    try {
      this.#curvature(selectParameters(this.#model, layers));
      return undefined;
    } catch (error) {
      if (error instanceof EditableError) return error.message;
      throw error;
    }
  }

  /** Of the coarse search: more failures than chance explains. */
  isHopeless({ edits, successRate }: Trial): boolean {
    const failures = Math.round(edits * (1 - successRate));
    return failures > plausibleFailures(this.samples.coarse.edits, this.#settings.minimumSuccess);
  }

  /** All trials of each survivor, around the learning rate that the coarse search found. */
  async full(survivors: readonly Trial[]): Promise<readonly (readonly Trial[])[]> {
    const { minimumSuccess, searchSteps } = this.#settings;
    const allowed = allowedFailures(this.samples.full.edits, minimumSuccess);
    using bench = this.#bench('full', { searchSteps, allowedFailures: allowed, stopAfter: allowed });
    const found: (readonly Trial[])[] = [];
    for (const { editor } of this.#byLayers(survivors)) {
      const onTrial = (trial: Trial): void => {
        this.#count(trial);
        this.#report('full', trial, found.length, survivors.length);
      };
      const { hyperparameters: _, ...choice } = editor;
      const learningRates = around(editor);
      found.push(await searchHyperparameters(bench, choice, { learningRates, onTrial }));
    }
    return found;
  }

  /** Each pair's best on fresh edits and images, where the luck by which it was chosen does not help it. */
  async final(tuned: readonly (readonly Trial[])[]): Promise<readonly Trial[]> {
    const { minimumSuccess } = this.#settings;
    using bench = this.#bench('final', {
      allowedFailures: allowedFailures(this.samples.final.edits, minimumSuccess),
      timedEdits: 20,
      views: viewsOfFinalists,
    });
    const found: Trial[] = [];
    for (const trials of tuned) {
      const trial = await this.#confirmed(bench, trials);
      this.#report('final', trial, found.push(trial), tuned.length);
    }
    return found;
  }

  /** Tuning goes down to where edits begin to fail; one that fails more often here gives way to a larger learning rate. */
  async #confirmed(bench: Bench, trials: readonly Trial[]): Promise<Trial> {
    const measured: Trial[] = [];
    let candidates = trials;
    while (candidates.length > 0 && measured.length < mostAttempts) {
      const candidate = bestOf(candidates);
      const trial = bench.measure(candidate.editor);
      this.#count(trial);
      measured.push(trial);
      await turn();
      if (trial.qualifies) break;
      candidates = candidates.filter((other) => other.qualifies && learningRateOf(other) > learningRateOf(candidate));
    }
    return bestOf(measured);
  }

  #bench(stage: CardStage, own: Omit<BenchOptions, 'split' | 'edits' | 'seed'>): Bench {
    const { normalization, device, reducedPrecision, group } = this.#settings;
    const { edits, seed } = this.samples[stage];
    return new Bench(this.#model, this.#dataset, {
      split: this.#splits[stage],
      edits,
      seed,
      kept: this.#kept,
      curvature: this.#curvature,
      reducedPrecision,
      group,
      ...(normalization ? { normalization } : {}),
      ...(device ? { device } : {}),
      ...own,
    });
  }

  /** In the order that lets a bench keep its activations. */
  #byLayers(trials: readonly Trial[]): readonly Trial[] {
    return this.#settings.layers.flatMap((layers) => trials.filter(({ editor }) => editor.layers === layers));
  }

  readonly #count = ({ seconds }: Trial): void => {
    this.trials += 1;
    this.seconds += seconds;
  };

  #report(stage: CardStage, trial: Trial, done: number, total: number): void {
    this.#settings.onProgress({ stage, trial, done, total });
  }
}

const mostAttempts = 3;
/** Augmented views an edit that generality is judged on. */
const viewsOfFinalists = 4;

const quarterOf = (whole: number, least: number): number => Math.min(whole, Math.max(least, Math.ceil(whole / 4)));

function checkEdits(edits: number, images: number): void {
  if (Number.isInteger(edits) && edits >= 1 && edits <= images) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `editabilityCard: expected edits to be a whole number from 1 to the ${images} images, received ${edits}.`,
  );
}

function checkRate(minimumSuccess: number): void {
  if (minimumSuccess >= 0 && minimumSuccess <= 1) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `editabilityCard: expected minimumSuccess from 0 to 1, received ${minimumSuccess}.`,
  );
}

/** Only the learning rate: pairs are compared by it, so it must not be far from where edits begin to fail. */
const coarsely: SearchOptions = { others: false, halvings: 2 };

/** The coarse search's learning rate, half of it, and the grid above, in case these fail on more edits. */
function around({ name, hyperparameters }: EditorChoice): readonly number[] {
  const learningRate = Number(hyperparameters.learningRate ?? 1);
  const above = searchSpaces[name].learningRates.filter((each) => each > learningRate);
  return [learningRate / 2, learningRate, ...above];
}
