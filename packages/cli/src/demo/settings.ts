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
  plain: { objective: 'plain', epochs: 2, batchSize: 128, learningRate: 3e-3, schedule: 'one-cycle' },
  editable: {
    objective: 'editable',
    epochs: 1,
    batchSize: 128,
    learningRate: 1e-3,
    schedule: 'one-cycle',
    editor: { name: 'rmsprop', hyperparameters: { learningRate: 1e-3, beta: 0.5 }, layers: 'layer3', maxSteps: 5 },
    cEdit: 0.05,
    cLoc: 0.05,
  },
  tuning: { editor: 'rmsprop', layers: ['layer3'], edits: 40, images: 1000, maxSteps: 10 },
  edits: 100,
  testImages: null,
};
