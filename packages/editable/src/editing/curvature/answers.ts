/** The answers y that F's expectation E_y[∇ log p ∇ log pᵀ] takes in: they are the model's own, so it needs no labels. */
import { stack, type Tensor, tensor } from '@editable/torch';
import type { RandomStream } from '../../data/random.js';
import { drawn } from '../../translation/drawn-tokens.js';

export interface AnswersTo {
  /** log p(y|x) of each answer, [examples, answers]; in the output's graph. */
  readonly logProbabilities: Tensor;
  /** What each answer counts, constants: over an example's answers they sum to 1. */
  readonly weights: Tensor;
}

export interface Answers {
  /** At most so many for each example. */
  readonly count: number;
  /** The answers to one batch's output, [batch, ...], and their weights. */
  of(output: Tensor): AnswersTo;
}

/** Which answers: the most probable classes of each example, or any others. */
export type AnswersChoice = { readonly classes: number } | { readonly answers: Answers };

export const answersOf = (choice: AnswersChoice): Answers =>
  'answers' in choice ? choice.answers : mostProbable(choice.classes);

/**
 * For logits [examples, classes] each example's `count` most probable classes, the likeliest first, weighted by p over
 * those taken. All classes give the exact expectation; fewer leave out what is improbable.
 */
export const mostProbable = (count: number): Answers => ({
  count,
  of(logits) {
    const all = logits.logSoftmax(1);
    const [, order] = all.detach().topk(Math.min(count, logits.shape[1] as number), { dim: 1 });
    const logProbabilities = all.gather(1, order);
    return { logProbabilities, weights: logProbabilities.detach().softmax(1) };
  },
});

/** Answers drawn one after another, so that each batch's depend on those before it. */
export interface DrawnAnswers extends Answers {
  /** Goes on as if a batch of so many examples and places had been drawn for: it is another process's. */
  skip(examples: number, time: number): void;
}

/**
 * For logits [examples, time, vocabulary] `draws` answers of each example, every token of them drawn from the model's own
 * p; an answer's log p is the sum over its tokens. As tokens are drawn apart, the expectation of the outer product is the
 * sum over places of each place's own Fisher information. Batches must not hold padding.
 */
export const drawnSequences = (
  random: RandomStream,
  { draws = 1 }: { readonly draws?: number } = {},
): DrawnAnswers => ({
  count: draws,
  skip(examples, time) {
    for (let i = 0; i < draws * examples * time; i++) random.float();
  },
  of(logits) {
    const [examples, time, vocabulary] = logits.shape as [number, number, number];
    const all = logits.logSoftmax(-1);
    const flat = logits.detach().reshape([examples * time, vocabulary]);
    const columns = Array.from({ length: draws }, () => {
      const tokens = drawn(
        flat,
        Array.from({ length: examples * time }, () => random.float()),
      );
      const shape = [examples, time, 1];
      const index = tensor(BigInt64Array.from(tokens, BigInt), { shape, device: logits.device });
      return all.gather(2, index).sum([1, 2]);
    });
    const logProbabilities = stack(columns, { dim: 1 });
    return { logProbabilities, weights: logProbabilities.detach().fullLike(1 / draws) };
  },
});
