/** What the paper's Table 5 says, by the names of our rows. Its edits are natural adversarial examples. */
import type { PaperFigures } from '../shared/experiment.js';

export const paper: Readonly<Record<string, PaperFigures>> = {
  pretrained: { testError: 0.3099, drawdown: 0.0454, successRate: 1, meanSteps: 3.822 },
  distilled: { testError: 0.3075, drawdown: 0.0162, successRate: 1, meanSteps: 2.192 },
  'random-edits': { testError: 0.3079, drawdown: 0.00314, successRate: 1, meanSteps: 2.594 },
  'match-ranks': { testError: 0.3076, drawdown: 0.00146, successRate: 1, meanSteps: 2.149 },
  'train-on-mistakes': { testError: 0.3086, drawdown: 0.00167, successRate: 1, meanSteps: 2.236 },
};
