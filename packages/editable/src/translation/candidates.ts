/** The likeliest continuations of unfinished translations. */
import { type Tensor, tensor } from '@editable/torch';
import { EditableError } from '../errors.js';
import { groupSize } from './decoder-weights.js';

export interface Candidate {
  /** log p of all its tokens together. */
  readonly score: number;
  /** The row that it continues. */
  readonly row: number;
  readonly token: number;
}

/**
 * The `count` best continuations of each sentence, best first. `logProbabilities` [rows, vocabulary in whole groups] of each
 * row's next token; `scores`: what each row has so far. Exact: a row's best tokens stand in its groups of highest maxima.
 *
 * @throws EditableError NOT_FINITE where a log-probability is NaN
 */
export function bestContinuations(
  logProbabilities: Tensor,
  scores: readonly number[],
  { sentences, count }: { readonly sentences: number; readonly count: number },
): Candidate[][] {
  const [rows, size] = logProbabilities.shape as [number, number];
  const { dtype, device } = logProbabilities;
  const groups = logProbabilities.view([rows, -1, groupSize]);
  const taken = Math.min(count, size / groupSize);
  const [, group] = groups.amax({ dim: [2] }).topk(taken); // [rows, taken]
  const picked = groups.gather(1, group.unsqueeze(2).expand([rows, taken, groupSize])).view([rows, taken * groupSize]);
  const most = Math.min(count, taken * groupSize);
  const [values, at] = picked.topk(most); // [rows, most]
  const before = tensor(Float64Array.from(scores), { device }).to(dtype).unsqueeze(1);
  const ranked = values.add(before).view([sentences, -1]).topk(count);
  const [best, places] = [numbers(ranked[0]), numbers(ranked[1])];
  const [groupOf, within] = [numbers(group), numbers(at)];
  if (best.some(Number.isNaN)) {
    throw new EditableError('NOT_FINITE', 'translate: the model gives NaN; its weights are not finite.');
  }
  const perSentence = (rows / sentences) * most;
  return Array.from({ length: sentences }, (_, sentence) =>
    Array.from({ length: count }, (_, i) => {
      const place = sentence * perSentence + (places[sentence * count + i] as number);
      const row = Math.floor(place / most);
      const inside = within[place] as number;
      const token =
        (groupOf[row * taken + Math.floor(inside / groupSize)] as number) * groupSize + (inside % groupSize);
      return { score: best[sentence * count + i] as number, row, token };
    }),
  );
}

/** A tensor's elements as numbers, row by row. */
const numbers = (values: Tensor): Float64Array => values.to('float64').data() as Float64Array;
