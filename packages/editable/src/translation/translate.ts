/** Sentences as people write them, translated; and how well, as BLEU against references. */
import { type BleuOptions, type BleuScore, corpusBleu } from '@editable/text';
import { noGrad, scope } from '@editable/torch';
import type { TextPair } from '../data/parallel-corpus.js';
import type { TransformerSpec, TranslationModel } from '../models/transformer/index.js';
import { type BeamOptions, beamSearch } from './beam-search.js';
import { labelSmoothing } from './label-smoothing.js';
import type { SentencePair } from './scoring.js';
import type { SentenceCodec } from './sentence-codec.js';
import { paddedRows, sourceBatches } from './source-batches.js';

/** A model with what reads and writes text for it. */
export interface Translator {
  readonly model: TranslationModel;
  readonly spec: TransformerSpec;
  readonly codec: SentenceCodec;
}

export interface TranslatedSentence {
  readonly text: string;
  /** Mean log p a token, as `lengthPenalty` has it. */
  readonly score: number;
}

/** The best translation of each sentence; an empty one's is empty. @throws as `beamSearch` */
export function translate(
  { model, spec, codec }: Translator,
  sentences: readonly string[],
  options: BeamOptions = {},
): TranslatedSentence[] {
  const sources = sentences.map((sentence) => codec.encode(sentence, 'source'));
  const real = [...sources.keys()].filter((i) => (sources[i] as readonly number[]).length > 1);
  const found = beamSearch(
    model,
    spec,
    real.map((i) => sources[i] as readonly number[]),
    options,
  );
  const translated: TranslatedSentence[] = sentences.map(() => ({ text: '', score: 0 }));
  for (const [at, i] of real.entries()) {
    const best = found[at]?.[0];
    if (best !== undefined) translated[i] = { text: codec.decode(best.tokens), score: best.score };
  }
  return translated;
}

/** How a run's translations are compared with references: tokens of one's own are compared as they are. */
export const bleuOptionsOf = ({ settings }: SentenceCodec): BleuOptions => ({
  lowercase: settings.lowercase,
  tokenizer: settings.tokenization === 'none' ? 'none' : '13a',
});

/** sacreBLEU's BLEU of translations, without regard to case where the run's text has none. */
export const bleuOf = (
  { codec }: Pick<Translator, 'codec'>,
  translations: readonly string[],
  pairs: readonly TextPair[],
): BleuScore =>
  corpusBleu(
    translations,
    pairs.map(({ target }) => [target]),
    bleuOptionsOf(codec),
  );

/** −log p of a token, in nats: the mean over all tokens of the targets, `end` included. */
export function validationLoss(
  { model }: Pick<Translator, 'model'>,
  pairs: readonly SentencePair[],
  { padding, batchTokens = 2000 }: { readonly padding: number; readonly batchTokens?: number },
): number {
  const device = model.parameters.values().next().value?.device;
  const longest = pairs.map(({ source, target }) => (source.length > target.length ? source : target));
  let [sum, tokens] = [0, 0];
  for (const indices of sourceBatches(longest, { batchTokens })) {
    const rows = (side: keyof SentencePair) =>
      paddedRows(
        indices.map((i) => (pairs[i] as SentencePair)[side]),
        padding,
        device,
      );
    scope(() =>
      noGrad(() => {
        const target = rows('target');
        const { output } = model.call({ source: rows('source'), target });
        const loss = labelSmoothing(output, target, { smoothing: 0, padding });
        sum += loss.negativeLogLikelihood.item();
        tokens += loss.tokens;
      }),
    );
  }
  return sum / tokens;
}
