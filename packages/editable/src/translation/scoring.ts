/** How likely a model finds given translations. */
import { noGrad, scope, type Tensor } from '@editable/torch';
import { fairseqTokens, type TransformerSpec, type TranslationModel } from '../models/transformer/index.js';
import type { Translation } from './beam-search.js';
import { checkSentence, paddedRows, type Sentence, type SourceBatchOptions, sourceBatches } from './source-batches.js';

export interface SentencePair {
  readonly source: Sentence;
  readonly target: Sentence;
}

/** log p of each token of `target` int64 [batch, time] from `logits` [batch, time, vocabulary]; 0 at padding: [batch, time]. */
export const tokenLogProbabilities = (logits: Tensor, target: Tensor, padding: number): Tensor =>
  logits.logSoftmax(-1).gather(-1, target.unsqueeze(-1)).squeeze(-1).maskedFill(target.eq(padding), 0);

/** The mean log p a token of each target, padding left out: [batch]. */
export const meanLogProbabilities = (logits: Tensor, target: Tensor, padding: number): Tensor =>
  tokenLogProbabilities(logits, target, padding)
    .sum([1])
    .div(target.ne(padding).sum([1]));

/**
 * Each target with the model's log-probabilities of its tokens; `score` is their mean.
 *
 * @throws EditableError INVALID_ARGUMENT for a sentence with unknown numbers, or that does not close with `end`
 */
export function scoreTranslations(
  model: TranslationModel,
  spec: TransformerSpec,
  pairs: readonly SentencePair[],
  options: SourceBatchOptions = {},
): Translation[] {
  const { special: { padding } = fairseqTokens } = spec;
  const found: Translation[] = [];
  for (const [i, { source, target }] of pairs.entries()) {
    checkSentence(source, `source ${i}`, spec.sourceVocabulary, spec);
    checkSentence(target, `target ${i}`, spec.targetVocabulary, spec);
  }
  const longest = pairs.map(({ source, target }) => (source.length > target.length ? source : target));
  const device = model.parameters.values().next().value?.device;
  for (const indices of sourceBatches(longest, options)) {
    const own = indices.map((at) => pairs[at] as SentencePair);
    const rows = (side: keyof SentencePair): Tensor =>
      paddedRows(
        own.map((each) => each[side]),
        padding,
        device,
      );
    const { values, time } = scope(() =>
      noGrad(() => {
        const target = rows('target');
        const each = tokenLogProbabilities(model.call({ source: rows('source'), target }).output, target, padding);
        return { values: each.to('float64').data() as Float64Array, time: each.shape[1] as number };
      }),
    );
    for (const [i, at] of indices.entries()) {
      const { target } = own[i] as SentencePair;
      const tokenScores = [...values.subarray(i * time, i * time + target.length)];
      found[at] = { tokens: target, tokenScores, score: tokenScores.reduce((a, b) => a + b, 0) / target.length };
    }
  }
  return found;
}
