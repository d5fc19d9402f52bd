/** Which translations an evaluation asks for: functions of the seed and the fixed baseline alone, so that models meet the same. */
import { sentenceBleu } from '@editable/text';
import type { TextPair } from '../../data/parallel-corpus.js';
import { stream } from '../../data/random.js';
import { beamSearch } from '../../translation/beam-search.js';
import { sampleTranslations } from '../../translation/sampling.js';
import type { Sentence } from '../../translation/source-batches.js';
import { bleuOptionsOf, type Translator } from '../../translation/translate.js';

/** One edit: the sentence, and what it is to be translated to. */
export interface TranslationEditTask {
  /** Of the test sentence. */
  readonly index: number;
  readonly source: Sentence;
  readonly target: Sentence;
}

export interface SampledTaskOptions {
  readonly edits: number;
  readonly seed: number;
  /** τ of the samples that targets are; the paper's 1.2. */
  readonly temperature: number;
}

/** Tokens that an alternative or a target may have before its end. */
export const longestTarget = 200;

/**
 * Sentences drawn without repetition, each with a translation sampled from the baseline at temperature τ (section 4.4).
 */
export function sampledTasks(
  baseline: Translator,
  pairs: readonly TextPair[],
  { edits, seed, temperature }: SampledTaskOptions,
): TranslationEditTask[] {
  const indices = [...stream(seed, 'edit-sentences').sample(pairs.length, Math.min(edits, pairs.length))];
  const sources = indices.map((index) => baseline.codec.encode((pairs[index] as TextPair).source, 'source'));
  const targets = sampleTranslations(baseline.model, baseline.spec, sources, {
    temperature,
    maxLength: longestTarget,
    streamOf: (at) => stream(seed, 'edit-targets', indices[at] as number),
  });
  return indices.map((index, i) => ({
    index,
    source: sources[i] as Sentence,
    target: targets[i]?.tokens as Sentence,
  }));
}

export interface TranslationMistake {
  /** Of the sentence. */
  readonly index: number;
  readonly source: string;
  readonly reference: string;
  readonly translation: string;
  /** BLEU of the sentence alone, 0 to 100. */
  readonly bleu: number;
  /** Whether the reference is made of the model's vocabulary, so that it can be asked for. */
  readonly repairable: boolean;
}

/** Sentences in the order of how little their translation is like the reference, by BLEU of each sentence alone. */
export function translationMistakes(
  { codec }: Pick<Translator, 'codec'>,
  pairs: readonly TextPair[],
  translations: readonly string[],
): TranslationMistake[] {
  const options = bleuOptionsOf(codec);
  return pairs
    .map(({ source, target }, index) => {
      const translation = translations[index] as string;
      const bleu = sentenceBleu(translation, target, options).score;
      const repairable = !codec.encode(target, 'target').includes(codec.vocabularies.target.unknown);
      return { index, source, reference: target, translation, bleu, repairable };
    })
    .sort((a, b) => a.bleu - b.bleu || a.index - b.index);
}

/** The model's worst translations of the test sentences, each with its reference as the target. */
export const referenceTasks = (
  codec: Translator['codec'],
  mistakes: readonly TranslationMistake[],
  edits: number,
): TranslationEditTask[] =>
  mistakes
    .filter(({ repairable }) => repairable)
    .slice(0, edits)
    .map(({ index, source, reference }) => ({
      index,
      source: codec.encode(source, 'source'),
      target: codec.encode(reference, 'target'),
    }));

/** The `beam` best translations of each source by the fixed baseline: what targets must beat. */
export function alternativesOf(
  { model, spec }: Translator,
  sources: readonly Sentence[],
  beam: number,
): readonly (readonly Sentence[])[] {
  const found = beamSearch(model, spec, sources, { beam, maxLength: longestTarget });
  return found.map((translations) => translations.map(({ tokens }) => tokens));
}
