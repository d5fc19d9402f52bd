/** What the paper's Table 4 says of ResNet-18, by the names of our rows. */
import type { PaperFigures } from '../shared/experiment.js';

export const paper: Readonly<Record<string, PaperFigures>> = {
  'pretrained-chain3': { testError: 0.3095, drawdown: 0.0389, successRate: 0.998, meanSteps: 3.582 },
  'pretrained-extra': { testError: 0.3095, drawdown: 0.0918, successRate: 1, meanSteps: 4.272 },
  'distilled-extra': { testError: 0.3075, drawdown: 0.028, successRate: 1, meanSteps: 2.63 },
  'editable-chain3': { testError: 0.3053, drawdown: 0.0378, successRate: 0.998, meanSteps: 3.616 },
  'editable-extra': { testError: 0.3061, drawdown: 0.0057, successRate: 1, meanSteps: 3.388 },
};
