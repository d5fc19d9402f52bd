/** What a translation model takes: token numbers of a source and of its translation. */
import { cat, fullLike, type Tensor } from '@editable/torch';

/** Numbers of the symbols that every vocabulary has. */
export interface SpecialTokens {
  /** Fills up the shorter sentences of a batch. */
  readonly padding: number;
  /** Ends a sentence; the decoder begins with it, too. */
  readonly end: number;
  readonly unknown: number;
}

/** fairseq's: `<s>` 0, `<pad>` 1, `</s>` 2, `<unk>` 3. */
export const fairseqTokens: SpecialTokens = { padding: 1, end: 2, unknown: 3 };

/** int64 [batch, source time] and [batch, target time]: sentences that close with `end`, then padding. */
export type TokenPair = { readonly source: Tensor; readonly target: Tensor };

/** What the decoder sees while it gives `target`: shifted by one, with `end` in front (teacher forcing). */
export function previousTokens(target: Tensor, { padding, end }: SpecialTokens): Tensor {
  const [, time] = target.shape as [number, number];
  const first = fullLike(target.narrow(1, 0, 1), end);
  const before = target.narrow(1, 0, time - 1);
  return cat([first, before.maskedFill(before.eq(end), padding)], { dim: 1 });
}
