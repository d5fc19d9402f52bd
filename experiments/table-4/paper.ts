/** What the paper's Table 4 says of each network, by the names of our rows. */
import type { PaperFigures } from '../shared/experiment.js';
import type { Scale } from '../shared/scale.js';

type Figures = Readonly<Record<string, PaperFigures>>;

const resnet18: Figures = {
  'pretrained-chain3': { testError: 0.3095, drawdown: 0.0389, successRate: 0.998, meanSteps: 3.582 },
  'pretrained-extra': { testError: 0.3095, drawdown: 0.0918, successRate: 1, meanSteps: 4.272 },
  'distilled-extra': { testError: 0.3075, drawdown: 0.028, successRate: 1, meanSteps: 2.63 },
  'editable-chain3': { testError: 0.3053, drawdown: 0.0378, successRate: 0.998, meanSteps: 3.616 },
  'editable-extra': { testError: 0.3061, drawdown: 0.0057, successRate: 1, meanSteps: 3.388 },
};

const densenet169: Figures = {
  'pretrained-chain3': { testError: 0.2549, drawdown: 0.052, successRate: 1, meanSteps: 2.551 },
  'pretrained-extra': { testError: 0.2547, drawdown: 0.0905, successRate: 1, meanSteps: 3.874 },
  'distilled-extra': { testError: 0.2433, drawdown: 0.0167, successRate: 1, meanSteps: 2.822 },
  'editable-chain3': { testError: 0.2432, drawdown: 0.0447, successRate: 1, meanSteps: 2.556 },
  'editable-extra': { testError: 0.2438, drawdown: 0.0096, successRate: 1, meanSteps: 2.97 },
};

/** Of the scale's network; a network that the paper has not stands beside its smaller one. */
export const paperOf = ({ base }: Scale): Figures =>
  base.kind === 'checkpoint' && base.model === 'densenet169' ? densenet169 : resnet18;
