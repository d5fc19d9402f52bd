import { describe, expect, it } from 'vitest';
import { checkTraining, defaultTraining, type TrainingSettings } from './settings.js';

describe('checkTraining', () => {
  it.each<[Partial<TrainingSettings>, string]>([
    [{ epochs: 0 }, 'epochs: expected a whole number of at least 1, received 0.'],
    [{ batchSize: 1.5 }, 'batchSize: expected a whole number of at least 1, received 1.5.'],
    [{ checkpointEvery: Number.NaN }, 'checkpointEvery: expected a whole number of at least 1, received NaN.'],
    [{ learningRate: 0 }, 'learningRate: expected a number above 0, received 0.'],
    [{ clipNorm: Number.NaN }, 'clipNorm: expected a number above 0, received NaN.'],
    [{ weightDecay: -1 }, 'weightDecay: expected a number of at least 0, received -1.'],
    [{ cEdit: -0.5 }, 'cEdit: expected a number of at least 0, received -0.5.'],
    [{ cLoc: Number.NaN }, 'cLoc: expected a number of at least 0, received NaN.'],
    [{ seed: -1 }, 'seed: expected a whole number of at least 0, received -1.'],
    [
      { baseLoss: 'distillation' },
      'baseLoss: expected cross-entropy, or a run to start from, whose predictions are kept, received distillation.',
    ],
    [
      { editor: { name: 'natural', hyperparameters: {}, layers: 'layer3', maxSteps: 10 } },
      "from: expected a run to start from, whose curvature is the natural editor's metric, received null.",
    ],
    [{ addedLearningRate: 0 }, 'addedLearningRate: expected a number above 0, received 0.'],
    [
      { editTargets: 'mistakes' },
      'editTargets: expected random, or a run to start from, whose mistakes or ranks are drawn from, received mistakes.',
    ],
    [
      { editTargets: { ranks: [0] }, from: 'runs/plain' },
      'editTargets: expected ranks of at least 1, not none, received {"ranks":[0]}.',
    ],
    [{ cLoc: -1, epochs: -1 }, 'epochs: expected a whole number of at least 1, received -1.'],
  ])('refuses %o, naming the first setting that cannot be used', (settings, message) => {
    expect(() => checkTraining({ ...defaultTraining, ...settings })).toThrow(message);
  });

  it('takes the defaults, and distillation from a run', () => {
    expect(() => checkTraining(defaultTraining)).not.toThrow();
    expect(() => checkTraining({ ...defaultTraining, baseLoss: 'distillation', from: 'runs/plain' })).not.toThrow();
  });
});
