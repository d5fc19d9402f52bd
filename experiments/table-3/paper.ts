/** What the paper's Table 3 says, by the names of our rows. */
import type { PaperFigures } from '../shared/experiment.js';

const figures = (testError: number, drawdown: number, successRate: number, meanSteps?: number): PaperFigures => ({
  testError,
  drawdown,
  successRate,
  ...(meanSteps === undefined ? {} : { meanSteps }),
});

export const paper: Readonly<Record<string, PaperFigures>> = {
  'plain-gd': figures(0.063, 0.038, 0.988, 3.54),
  'plain-rmsprop': figures(0.063, 0.0177, 1, 3.11),
  'editable-0.01-gd-all': figures(0.0634, 0.0142, 1, 3.39),
  'editable-0.01-gd': figures(0.0628, 0.0144, 1, 2.82),
  'editable-0.01-rmsprop': figures(0.0631, 0.0086, 1, 4.13),
  'editable-0.1-rmsprop': figures(0.0719, 0.0065, 1, 4.76),
  cnp: figures(0.0633, 0.0106, 0.989),
  'dknn-10': figures(0.0636, 0.0176, 1),
  'dknn-100': figures(0.0704, 0.0105, 1),
};
