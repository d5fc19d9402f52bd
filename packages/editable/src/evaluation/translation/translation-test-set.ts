/** Test sentences with their references: how a model translates them, and what BLEU it has. */
import { type BleuStatistics, bleuOfStatistics, bleuStatistics, sumBleuStatistics } from '@editable/text';
import { scope } from '@editable/torch';
import type { TextPair } from '../../data/parallel-corpus.js';
import { firstStageOf } from '../../editing/layers.js';
import { EditableError } from '../../errors.js';
import type { TranslationModel } from '../../models/transformer/index.js';
import { beamSearch } from '../../translation/beam-search.js';
import type { Sentence } from '../../translation/source-batches.js';
import { bleuOptionsOf, type Translator } from '../../translation/translate.js';
import { CachedSources } from './cached-sources.js';

export interface TranslationTestSetOptions {
  /** Beam by which test sentences are translated; default 5. */
  readonly beam?: number;
  /** What edits may change: where that is in the decoder, the encoder runs once for all of them. */
  readonly edited: readonly string[];
  /** After each batch of the first translation: sentences done, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Test sentences with references, encoded once for all edits. Free it with `using`. */
export class TranslationTestSet implements Disposable {
  readonly pairs: readonly TextPair[];
  /** The unedited model's translations. */
  readonly translations: readonly Sentence[];
  readonly statistics: readonly BleuStatistics[];
  /** Of all sentences together. */
  readonly sum: BleuStatistics;
  /** The unedited model's. */
  readonly bleu: number;
  readonly #translator: Translator;
  readonly #sources: readonly Sentence[];
  readonly #cached: CachedSources | undefined;
  readonly #beam: number;

  /** @throws EditableError INVALID_ARGUMENT for no sentences; NOT_FINITE */
  constructor(translator: Translator, pairs: readonly TextPair[], options: TranslationTestSetOptions) {
    if (pairs.length === 0) {
      throw new EditableError('INVALID_ARGUMENT', 'evaluate: expected test sentences and references, received none.');
    }
    const { beam = 5, edited, onProgress } = options;
    const { model, spec, codec } = translator;
    this.#translator = translator;
    this.#beam = beam;
    this.pairs = pairs;
    this.#sources = pairs.map(({ source }) => codec.encode(source, 'source'));
    const decoder = model.stages.findIndex(({ name }) => name === 'decoder.embed_tokens');
    this.#cached = firstStageOf(model, edited) >= decoder ? new CachedSources(model, spec, this.#sources) : undefined;
    try {
      this.translations = this.#best(model, undefined, onProgress);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    this.statistics = this.translations.map((tokens, at) => this.statisticsOf(at, tokens));
    this.sum = sumBleuStatistics(this.statistics);
    this.bleu = bleuOfStatistics(this.sum).score;
  }

  get count(): number {
    return this.pairs.length;
  }

  /** The best translations of all sentences, or of those at some positions, by an edit of the model. */
  translate(model: TranslationModel, positions?: readonly number[]): readonly Sentence[] {
    return this.#best(model, positions);
  }

  /** What BLEU counts of one sentence's translation. */
  statisticsOf(at: number, tokens: Sentence): BleuStatistics {
    const { codec } = this.#translator;
    return bleuStatistics(codec.decode(tokens), (this.pairs[at] as TextPair).target, bleuOptionsOf(codec));
  }

  #best(
    model: TranslationModel,
    positions?: readonly number[],
    onProgress?: TranslationTestSetOptions['onProgress'],
  ): readonly Sentence[] {
    const { spec } = this.#translator;
    return scope(() => {
      const own = positions === undefined ? this.#cached?.all : this.#cached?.at(positions);
      const given = own ?? positions?.map((at) => this.#sources[at] as Sentence) ?? this.#sources;
      const options = { beam: this.#beam, ...(onProgress === undefined ? {} : { onProgress }) };
      return beamSearch(model, spec, given, options).map(([best]) => best?.tokens as Sentence);
    });
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    this.#cached?.[Symbol.dispose]();
  }
}
