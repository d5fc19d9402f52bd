/**
 * How cheaply a model can be repaired, and with what: editors × layers searched on validation images by successive
 * halving, the finalists measured again on images that no choice was made on. The best is the paper's (section 4.1): the
 * least drawdown among those that succeed often enough within k steps.
 */
import type { nn } from '@editable/torch';
import type { ImageDataset } from '../data/index.js';
import { type EditorName, editorNames } from '../editing/editors/index.js';
import { selectParameters } from '../editing/layers.js';
import { EditableError } from '../errors.js';
import { modelHash } from '../patches/model-hash.js';
import {
  type CardProgress,
  type CardSample,
  CardSearch,
  type CardSettings,
  type CardStage,
  type SkippedPair,
} from './card-search.js';
import { layerSubsets } from './layer-subsets.js';
import { dominates, isBetter, type Trial } from './trial.js';
import { type TrialOptions, trialSettings } from './trial-options.js';

/**
 * `edits` and `images` are those of the full search: the coarse one makes a quarter of the edits (at least 8) on a quarter of
 * the images (at least 100), the final measurement twice as many edits on other images.
 */
export interface CardOptions extends TrialOptions {
  /** Default: all. */
  readonly editors?: readonly EditorName[] | undefined;
  /** Layer choices, each as `selectParameters` takes it; default: `layerSubsets(model)`. */
  readonly layers?: readonly string[] | undefined;
  /** After each of the card's measurements. */
  readonly onProgress?: (progress: CardProgress) => void;
}

export interface CardEntry extends Trial {
  /** Where the figures are from; those of different stages rest on different images and should not be compared. */
  readonly stage: 'coarse' | 'final';
  /** Why it is not among the finalists. */
  readonly dropped: 'too few succeed' | 'more drawdown' | null;
  /** A finalist that no other one is better than in drawdown, generality, success, steps and time at once. */
  readonly pareto: boolean;
}

export interface EditabilityCard {
  readonly version: 1;
  /** `modelHash` of the model. */
  readonly model: string;
  readonly dataset: ImageDataset['name'];
  readonly editors: readonly EditorName[];
  readonly layers: readonly string[];
  readonly maxSteps: number;
  readonly minimumSuccess: number;
  readonly samples: Readonly<Record<CardStage, CardSample>>;
  /**
   * Of the finalists by the rule, on the fresh images; where none qualifies, the one that succeeds most often. The least of
   * several measured values is a little less than it truly is: an evaluation on the test split is free of that.
   */
  readonly best: CardEntry;
  /** One for each pair of editor and layers: finalists first, the better ones before. */
  readonly entries: readonly CardEntry[];
  /** Pairs that could not be tried: layers without a curvature. */
  readonly skipped: readonly SkippedPair[];
  /** Trials made in all. */
  readonly trials: number;
  /** Time of all trials, also those that an earlier, interrupted call made. */
  readonly seconds: number;
}

/**
 * Searches editors × layers for the best way to repair a model.
 *
 * @throws EditableError INVALID_ARGUMENT for counts out of range or empty lists; UNKNOWN_LAYER
 */
export async function editabilityCard(
  model: nn.Model,
  dataset: ImageDataset,
  options: CardOptions = {},
): Promise<EditabilityCard> {
  const settings = settled(model, options);
  const search = new CardSearch(model, dataset, settings);
  const coarse = await search.coarse();
  if (coarse.length === 0) throw new EditableError('NO_CURVATURE', search.skipped[0]?.why ?? 'no pair was tried.');
  const plausible = coarse.filter((trial) => !search.isHopeless(trial));
  const survivors = bestThird(plausible);
  const finalists = await search.final(await search.full(survivors));
  const { editors, layers, maxSteps, minimumSuccess } = settings;
  const entries = [
    ...ranked(finalists).map((trial) => finalEntry(trial, finalists)),
    ...ranked(coarse.filter((trial) => !survivors.includes(trial))).map((trial) => coarseEntry(trial, plausible)),
  ];
  return {
    version: 1,
    model: modelHash(model),
    dataset: dataset.name,
    editors,
    layers,
    maxSteps,
    minimumSuccess,
    samples: search.samples,
    best: entries[0] as CardEntry,
    entries,
    skipped: search.skipped,
    trials: search.trials,
    seconds: search.seconds,
  };
}

function settled(model: nn.Model, options: CardOptions): CardSettings {
  const { editors = editorNames, layers = layerSubsets(model), onProgress = () => {} } = options;
  if (editors.length === 0 || layers.length === 0) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      'editabilityCard: expected at least one editor and one choice of layers.',
    );
  }
  for (const each of layers) selectParameters(model, each);
  return { ...trialSettings(options), editors: [...new Set(editors)], layers: [...new Set(layers)], onProgress };
}

/** Successive halving: what is behind after a cheap look gets no dear one. */
function bestThird(trials: readonly Trial[]): readonly Trial[] {
  return ranked(trials).slice(0, Math.max(3, Math.ceil(trials.length / 3)));
}

const ranked = (trials: readonly Trial[]): readonly Trial[] =>
  [...trials].sort((a, b) => Number(isBetter(b, a)) - Number(isBetter(a, b)));

const finalEntry = (trial: Trial, finalists: readonly Trial[]): CardEntry => ({
  ...trial,
  stage: 'final',
  dropped: null,
  pareto: !finalists.some((other) => dominates(other, trial)),
});

const coarseEntry = (trial: Trial, plausible: readonly Trial[]): CardEntry => ({
  ...trial,
  stage: 'coarse',
  dropped: plausible.includes(trial) ? 'more drawdown' : 'too few succeed',
  pareto: false,
});
