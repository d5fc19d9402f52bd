/** Every number of the demo in one place. */
import type { TuningSettings } from '@editable/workspace';
import type { DatasetName, TrainingSettings } from 'editable';

export interface DemoSettings {
  readonly dataset: DatasetName;
  /** ResNet-18's; the paper's is 64. */
  readonly width: number;
  readonly plain: Partial<TrainingSettings>;
  /** Starts from the plain run's weights (section 4.3). */
  readonly editable: Partial<TrainingSettings>;
  /** Hidden units of the editable network's extra layer (section 4.3). */
  readonly extra: number;
  readonly tuning: { readonly plain: Omit<TuningSettings, 'seed'>; readonly editable: Omit<TuningSettings, 'seed'> };
  /** The natural editor has nothing to tune: layers, and the views that repairs are asked to hold on in its second row. */
  readonly natural: { readonly layers: string; readonly views: number };
  /** Real mistakes repaired in a row. */
  readonly repairs: number;
  readonly edits: number;
  /** Judged on; null: all. */
  readonly testImages: number | null;
  /** Each edit is judged on a sample just large enough to know the mean drawdown to ± this. */
  readonly precision: number;
}

const tuning = { edits: 100, images: 300, maxSteps: 10, searchSteps: 9, minimumSuccess: 0.99 } as const;

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
  // An extra layer trained alone, to be edited alone: what it receives is computed without a graph, once, and at evaluation
  // it costs next to nothing to run again after each edit.
  editable: {
    objective: 'editable',
    epochs: 2,
    batchSize: 32,
    learningRate: 3e-4,
    schedule: 'cosine',
    augment: false,
    baseLoss: 'distillation',
    freezeBefore: 'extra',
    editor: { name: 'gd', hyperparameters: { learningRate: 1.5e-2 }, layers: 'extra', maxSteps: 10 },
    cEdit: 10,
    cLoc: 1,
    clipEditNorm: 1,
    learnEditor: false,
  },
  extra: 4096,
  tuning: {
    plain: { ...tuning, editor: 'rmsprop', layers: ['layer3'] },
    editable: { ...tuning, editor: 'gd', layers: ['extra'] },
  },
  natural: { layers: 'layer3', views: 4 },
  repairs: 10,
  edits: 100,
  testImages: null,
  precision: 0.0005,
};
