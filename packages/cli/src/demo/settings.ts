/** Every number of the demo in one place. */
import type { DatasetName, TrainingSettings } from 'editable';
import type { TuningSettings } from '../jobs/tuning.js';

export interface DemoSettings {
  readonly dataset: DatasetName;
  /** ResNet-18's; the paper's is 64. */
  readonly width: number;
  readonly plain: Partial<TrainingSettings>;
  /** Starts from the plain run's weights (section 4.3). */
  readonly editable: Partial<TrainingSettings>;
  readonly tuning: Omit<TuningSettings, 'seed'>;
  readonly edits: number;
  /** Judged on; null: all. */
  readonly testImages: number | null;
}

export const demoSettings: DemoSettings = {
  dataset: 'fashion-mnist',
  width: 8,
  plain: {
    objective: 'plain',
    epochs: 2,
    learningRate: 1e-2,
    schedule: 'one-cycle',
    augment: false,
  },
  editable: {
    objective: 'editable',
    epochs: 1,
    learningRate: 1e-3,
    schedule: 'cosine',
    augment: false,
    editor: { name: 'rmsprop', hyperparameters: { learningRate: 1.5e-3, beta: 0.5 }, layers: 'layer3', maxSteps: 10 },
    cEdit: 0.1,
    cLoc: 1,
    clipEditNorm: 0.6,
    localityImages: 64,
    learnEditor: false,
  },
  tuning: {
    editor: 'rmsprop',
    layers: ['layer3'],
    edits: 100,
    images: 300,
    maxSteps: 10,
    searchSteps: 9,
    minimumSuccess: 0.99,
  },
  edits: 100,
  testImages: null,
};
