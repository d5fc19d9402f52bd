/** What translation trains on: batches of sentences of like length, functions of the settings and the step alone. */
import { tokenBatches } from '@editable/text';
import { type Device, mapTree } from '@editable/torch';
import { stream } from '../data/random.js';
import type { Constraint } from '../editing/constraint.js';
import { sequence } from '../editing/constraints/sequence.js';
import { EditableError } from '../errors.js';
import {
  fairseqTokens,
  type TokenPair,
  type TransformerSpec,
  type TranslationModel,
} from '../models/transformer/index.js';
import type { Task, TrainingBatch } from '../tasks/task.js';
import { translationTask } from '../tasks/translation.js';
import { beamSearch, usualAlternatives } from '../translation/beam-search.js';
import { sampleTranslations } from '../translation/sampling.js';
import type { SentencePair } from '../translation/scoring.js';
import { paddedRows, type Sentence } from '../translation/source-batches.js';
import type { TrainingWork } from './training-work.js';
import type { TranslationTraining } from './translation-settings.js';

export interface TranslationWorkOptions {
  readonly spec: TransformerSpec;
  readonly settings: TranslationTraining;
  readonly device: Device;
  /** What edits' targets and alternatives come from (section 4.4), where training makes edits; it stays as it is. */
  readonly baseline?: TranslationModel | undefined;
}

/** Tokens that targets and alternatives of a source of n tokens may have: longer ones fill the memory of the editor's graph. */
const longestEdit = (source: number): number => 2 * source + 10;

export class TranslationWork implements TrainingWork<TokenPair> {
  readonly task: Task<TokenPair>;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  /** Pairs that are trained on; longer and unlike ones are left out. */
  readonly pairs: readonly SentencePair[];
  readonly #options: TranslationWorkOptions;
  readonly #padding: number;
  #epoch: { readonly number: number; readonly batches: readonly Uint32Array[] };

  /** @throws EditableError INVALID_ARGUMENT where no pair is left */
  constructor(pairs: readonly SentencePair[], options: TranslationWorkOptions) {
    const { settings, spec } = options;
    this.#options = options;
    this.#padding = (spec.special ?? fairseqTokens).padding;
    this.task = translationTask({
      smoothing: settings.labelSmoothing,
      padding: this.#padding,
      editNormalization: settings.editNormalization ?? 'none',
    });
    this.pairs = pairs.filter((pair) => fits(pair, settings));
    if (this.pairs.length === 0) {
      throw new EditableError(
        'INVALID_ARGUMENT',
        `training: expected sentence pairs of at most ${settings.maxLength} tokens a side, found none among ${pairs.length}.`,
      );
    }
    this.#epoch = { number: 0, batches: this.#batchesOf(0) };
    // Which sentences are in a batch differs by epoch, but the lengths in order do not, and so neither does the count.
    this.stepsPerEpoch = this.#epoch.batches.length;
    this.steps = this.stepsPerEpoch * settings.epochs;
  }

  batch(step: number): TrainingBatch<TokenPair> {
    const number = Math.floor(step / this.stepsPerEpoch);
    if (number !== this.#epoch.number) this.#epoch = { number, batches: this.#batchesOf(number) };
    const indices = this.#epoch.batches[step % this.stepsPerEpoch] as Uint32Array;
    const rows = (side: keyof SentencePair) =>
      paddedRows(
        Array.from(indices, (i) => (this.pairs[i] as SentencePair)[side]),
        this.#padding,
        this.#options.device,
      );
    const input = { source: rows('source'), target: rows('target') };
    return { input, target: input.target };
  }

  /** An edit of the step: a training sentence and a sample of its translations, against the baseline's best ones. */
  constraint(step: number, edit = 0): Constraint<TokenPair> | undefined {
    const { baseline, spec, settings, device } = this.#options;
    if (settings.objective === 'plain' || baseline === undefined) return undefined;
    const { seed, editTemperature: temperature = 1.2, alternatives: beam = usualAlternatives(spec) } = settings;
    const more = edit === 0 ? [] : [edit];
    const { source } = this.pairs[stream(seed, 'edit-sentence', step, ...more).int(this.pairs.length)] as SentencePair;
    const limits = { maxLength: longestEdit(source.length) };
    const streamOf = () => stream(seed, 'edit-target', step, ...more);
    const [drawn] = sampleTranslations(baseline, spec, [source], { ...limits, temperature, streamOf });
    const [found = []] = beamSearch(baseline, spec, [source], { ...limits, beam });
    const alternatives = found.map(({ tokens }) => tokens);
    const { margin = 0 } = settings.editor;
    const made = sequence({ source, target: drawn?.tokens as Sentence }, alternatives, {
      margin,
      padding: this.#padding,
    });
    return device === 'cpu' ? made : { ...made, input: mapTree(made.input, (leaf) => leaf.to(device)) };
  }

  #batchesOf(epoch: number): readonly Uint32Array[] {
    const { batchTokens: maxTokens, seed } = this.#options.settings;
    const lengths = this.pairs.map(({ source, target }) => ({ source: source.length, target: target.length }));
    return tokenBatches(lengths, { maxTokens, seed, epoch });
  }
}

/** Lengths without the `end` of both sides. */
function fits({ source, target }: SentencePair, { maxLength, maxRatio }: TranslationTraining): boolean {
  const [shorter, longer] = [source.length - 1, target.length - 1].sort((a, b) => a - b) as [number, number];
  return shorter >= 1 && longer <= maxLength && longer <= shorter * (maxRatio ?? Number.POSITIVE_INFINITY);
}
