/** Sentences and their translations: outputs are logits [batch, time, vocabulary], targets token numbers, int64 [batch, time]. */
import type { Tensor } from '@editable/torch';
import { fairseqTokens, type TokenPair } from '../models/transformer/index.js';
import { labelSmoothing } from '../translation/label-smoothing.js';
import { classDivergence } from './image-classification.js';
import type { Task } from './task.js';

export interface TranslationTaskOptions {
  /** ε of the base loss; default 0.1. */
  readonly smoothing?: number;
  /** The number of padding; default: fairseq's. */
  readonly padding?: number;
  /**
   * tokens: c_edit and c_loc are divided by the batch's target tokens, as in the released code, whose base loss is a sum
   * over them; none: they are what they say beside a mean. Default: none.
   */
  readonly editNormalization?: EditNormalization;
}

export type EditNormalization = 'tokens' | 'none';

/** L_base is a token's mean cross-entropy with label smoothing; L_loc is a mean over target tokens. Padding counts nowhere. */
export const translationTask = ({
  smoothing = 0.1,
  padding = fairseqTokens.padding,
  editNormalization = 'none',
}: TranslationTaskOptions = {}): Task<TokenPair> => ({
  name: 'translation',
  baseLoss: (logits, { target }) => {
    const { sum, tokens } = labelSmoothing(logits, target, { smoothing, padding });
    return sum.div(tokens);
  },
  accuracy: (logits, { target }) => {
    const real = target.ne(padding);
    return logits.argmax({ dim: -1 }).eq(target).logicalAnd(real).sum().div(real.sum());
  },
  divergence: (before, after, { target }) => {
    const places = target.reshape([-1]).ne(padding).nonzero().squeeze(1);
    const real = (logits: Tensor): Tensor => logits.reshape([-1, logits.shape.at(-1) as number]).indexSelect(0, places);
    return classDivergence(real(before), real(after));
  },
  editScale: ({ target }) => (editNormalization === 'tokens' ? 1 / target.ne(padding).sum().item() : 1),
});
