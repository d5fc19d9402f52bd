/** Everything that decides a training run, as plain data: the same settings and seed give the same model. */

import type { EditorChoice } from '../editing/editor-choice.js';
import { editorNamed } from '../editing/editors/index.js';
import { EditableError } from '../errors.js';

/** What one step follows, whatever the task. */
export interface StepSettings {
  readonly objective: 'plain' | 'editable';
  readonly learningRate: number;
  /** Of layers that the run which training starts from lacks (section 4.3: 1e-3 beside 1e-5); left out: the same. */
  readonly addedLearningRate?: number;
  /** Those layers, as `selectParameters` takes them, where the starting run has them already, untrained. */
  readonly addedLayers?: string;
  readonly weightDecay: number;
  /** sgd: with momentum 0.9; adamw: with weight decay apart from the gradient. */
  readonly optimizer: 'adam' | 'adamw' | 'sgd';
  /** Nesterov's momentum for sgd; default true. */
  readonly nesterov?: boolean;
  /** Adam's β1 and β2; default 0.9 and 0.999. */
  readonly betas?: readonly [number, number];
  /** Bound on the norm of all gradients together. */
  readonly clipNorm: number;
  /**
   * Bound on the gradient norm of the edit and locality terms alone, before they join the base loss's gradient; null: none.
   * Second-order gradients grow without limit once an edit runs through sharp regions, and would drown the base loss.
   */
  readonly clipEditNorm: number | null;
  readonly editor: EditorChoice;
  readonly cEdit: number;
  readonly cLoc: number;
  /** Images of each batch that the locality term is estimated on; null: all. */
  readonly localityImages: number | null;
  readonly firstOrder: boolean;
  /** Keep what each editor step started from, not its graph: less memory for more time where many steps change much. */
  readonly checkpointSteps?: boolean;
  /** Learn the editor's hyperparameters with the model's parameters. */
  readonly learnEditor: boolean;
  /**
   * Edits of each step, whose terms are averaged; default 1. The batch is cut into as many parts, each edit's L_loc taken on one
   * of them, so that processes can share the edits and the result does not depend on their number.
   */
  readonly editsPerStep?: number;
  /** Batch statistics of all processes' batches together, not of each one's own. */
  readonly syncBatchNorm?: boolean;
  /**
   * bfloat16: L_base in mixed precision, weights and their steps in float32; default float32. Edits and L_loc are in float32
   * always: an edit's small changes of weights would be lost in the rounding.
   */
  readonly precision?: 'float32' | 'bfloat16';
}

export interface TrainingSettings extends StepSettings {
  readonly epochs: number;
  readonly batchSize: number;
  readonly schedule: 'constant' | 'cosine' | 'one-cycle';
  readonly optimizer: 'adam' | 'sgd';
  /**
   * L_base: cross-entropy with the labels, or KL divergence from the predictions of the run that training starts from
   * (section 4.3; Hinton et al., 2015).
   */
  readonly baseLoss: 'cross-entropy' | 'distillation';
  /** Random changes of the images. */
  readonly augment: boolean;
  /**
   * Which: the data set's own, of its crops (a shift and a flip; left out: these), or of photographs a random part of each,
   * resized, and a flip (section 4.3).
   */
  readonly augmentation?: 'shift' | 'random-resized-crop';
  readonly seed: number;
  /** The run whose weights training starts from; null: fresh ones. */
  readonly from: string | null;
  /** Train the stage of this name and those after it; what comes before stays as it is, in eval mode. null: train all. */
  readonly freezeBefore: string | null;
  /**
   * What edits of training ask for: a class drawn uniformly (section 4.1, the default), the class at a rank drawn from these
   * ("match ranks"), or the true class of a training image that the starting run gets wrong (section 4.3.1).
   */
  readonly editTargets?: 'random' | 'mistakes' | { readonly ranks: readonly number[] };
  /** Train on the first so many images only; null: on all but the validation split. */
  readonly trainImages: number | null;
  /** Steps between checkpoints. */
  readonly checkpointEvery: number;
}

/** The paper's choices (section 4.1) where it states them. */
export const defaultTraining: TrainingSettings = {
  objective: 'editable',
  epochs: 10,
  batchSize: 128,
  learningRate: 1e-3,
  weightDecay: 0,
  schedule: 'cosine',
  optimizer: 'adam',
  baseLoss: 'cross-entropy',
  clipNorm: 10,
  clipEditNorm: null,
  augment: true,
  seed: 0,
  from: null,
  freezeBefore: null,
  editor: { name: 'rmsprop', hyperparameters: { learningRate: 1e-3, beta: 0.5 }, layers: 'layer3', maxSteps: 10 },
  cEdit: 0.01,
  cLoc: 0.01,
  localityImages: null,
  firstOrder: false,
  learnEditor: true,
  trainImages: null,
  checkpointEvery: 200,
};

/** @throws EditableError INVALID_ARGUMENT naming the first setting that cannot be used. */
export function checkTraining(settings: TrainingSettings): void {
  const broken = rules.find(([, , holds]) => !holds(settings));
  if (broken !== undefined) {
    const [name, expected] = broken;
    const value = settings[name];
    const received = typeof value === 'object' ? JSON.stringify(value) : String(value);
    throw new EditableError('INVALID_ARGUMENT', `${name}: expected ${expected}, received ${received}.`);
  }
  editorNamed(settings.editor.name, settings.editor.hyperparameters);
}

type Rule = readonly [name: keyof TrainingSettings, expected: string, holds: (settings: TrainingSettings) => boolean];

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1;

/** In the order in which they are checked. */
const rules: readonly Rule[] = [
  ['epochs', 'a whole number of at least 1', ({ epochs }) => isCount(epochs)],
  ['batchSize', 'a whole number of at least 1', ({ batchSize }) => isCount(batchSize)],
  ['editsPerStep', 'a whole number of at least 1', ({ editsPerStep = 1 }) => isCount(editsPerStep)],
  [
    'batchSize',
    'a multiple of the edits of a step, which share it',
    ({ batchSize, editsPerStep = 1 }) => batchSize % editsPerStep === 0,
  ],
  ['checkpointEvery', 'a whole number of at least 1', ({ checkpointEvery }) => isCount(checkpointEvery)],
  ['learningRate', 'a number above 0', ({ learningRate }) => learningRate > 0],
  ['addedLearningRate', 'a number above 0', ({ addedLearningRate }) => (addedLearningRate ?? 1) > 0],
  ['clipNorm', 'a number above 0', ({ clipNorm }) => clipNorm > 0],
  ['weightDecay', 'a number of at least 0', ({ weightDecay }) => weightDecay >= 0],
  ['cEdit', 'a number of at least 0', ({ cEdit }) => cEdit >= 0],
  ['cLoc', 'a number of at least 0', ({ cLoc }) => cLoc >= 0],
  ['seed', 'a whole number of at least 0', ({ seed }) => Number.isSafeInteger(seed) && seed >= 0],
  [
    'augmentation',
    'shift or random-resized-crop',
    ({ augmentation = 'shift' }) => ['shift', 'random-resized-crop'].includes(augmentation),
  ],
  [
    'baseLoss',
    'cross-entropy, or a run to start from, whose predictions are kept',
    ({ baseLoss, from }) => baseLoss !== 'distillation' || from !== null,
  ],
  [
    'from',
    "a run to start from, whose curvature is the natural editor's metric",
    ({ objective, editor, from }) => objective === 'plain' || editor.name !== 'natural' || from !== null,
  ],
  [
    'editTargets',
    'random, or a run to start from, whose mistakes or ranks are drawn from',
    ({ editTargets = 'random', from }) => editTargets === 'random' || from !== null,
  ],
  [
    'editTargets',
    'ranks of at least 1, not none',
    ({ editTargets }) =>
      typeof editTargets !== 'object' || (editTargets.ranks.length > 0 && editTargets.ranks.every(isCount)),
  ],
];
