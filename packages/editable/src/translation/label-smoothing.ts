/** Cross-entropy with label smoothing over the whole vocabulary (Szegedy et al., 2016), as fairseq counts it. */
import type { Tensor } from '@editable/torch';

export interface SmoothedLoss {
  /** The loss to follow, summed over the tokens; divide by `tokens` for the mean. */
  readonly sum: Tensor;
  /** −log p of the targets without smoothing, summed: what is reported as validation loss. */
  readonly negativeLogLikelihood: Tensor;
  /** Tokens that are not padding. */
  readonly tokens: number;
}

export interface LabelSmoothingOptions {
  /** ε: the target keeps 1 − ε, the whole vocabulary shares ε evenly; default 0.1. */
  readonly smoothing?: number;
  /** The number of padding, which is left out. */
  readonly padding: number;
}

/** `logits` [batch, time, vocabulary], `target` int64 [batch, time]. */
export function labelSmoothing(
  logits: Tensor,
  target: Tensor,
  { smoothing = 0.1, padding }: LabelSmoothingOptions,
): SmoothedLoss {
  const vocabulary = logits.shape.at(-1) as number;
  const flat = target.reshape([-1]);
  const places = flat.ne(padding).nonzero().squeeze(1);
  const labels = flat.indexSelect(0, places);
  const logProbabilities = logits.reshape([-1, vocabulary]).indexSelect(0, places).logSoftmax(-1); // [tokens, vocabulary]
  const negativeLogLikelihood = logProbabilities.gather(1, labels.unsqueeze(1)).sum().neg();
  const even = logProbabilities.sum().mul(-smoothing / vocabulary);
  const sum = negativeLogLikelihood.mul(1 - smoothing).add(even);
  return { sum, negativeLogLikelihood, tokens: places.shape[0] as number };
}
