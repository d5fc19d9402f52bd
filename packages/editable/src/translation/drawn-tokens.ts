/** Tokens drawn from a softmax by given random numbers, so that whoever draws decides where these come from. */
import { type Tensor, tensor } from '@editable/torch';
import { EditableError } from '../errors.js';

/**
 * For each row of `logits` [rows, vocabulary] the token at which the sum of softmax(logits) passes the row's number, uniform
 * in [0, 1). Sums are in float64. @throws EditableError NOT_FINITE where a row has no probabilities
 */
export function drawn(logits: Tensor, uniform: readonly number[]): number[] {
  const sums = logits.to('float64').softmax(1).cumsum(1); // [rows, vocabulary]
  const totals = sums.narrow(1, sums.shape[1]! - 1, 1);
  const wanted = tensor(Float64Array.from(uniform), { device: logits.device }).unsqueeze(1).mul(totals);
  const tokens = sums.le(wanted).sum([1]).to('float64').data() as Float64Array;
  if (!Number.isFinite(totals.sum().item())) {
    throw new EditableError(
      'NOT_FINITE',
      'the model gives NaN where a token is to be drawn; its weights are not finite.',
    );
  }
  return [...tokens];
}
