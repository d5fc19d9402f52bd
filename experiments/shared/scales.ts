/** The scales: `paper` as section 4.1 has it, `small` and `medium` for two cores, `tiny` for tests. */
import type { EditorChoice, TrainingSettings } from 'editable';
import type { ControlChoice, EditableChoice, Scale } from './scale.js';

const resnet18Layers = ['layer1', 'layer2', 'layer3', 'layer4', 'all'];

/** ± 0.1 points on the mean of 1,000 edits, for each of them. */
const meanOfThousand = 0.001 * Math.sqrt(1000);
const halfWidths = [meanOfThousand, 0.01, 0.005, 0.0025, 0.001];

const tiny: Scale = {
  name: 'tiny',
  dataset: 'fashion-mnist',
  base: {
    kind: 'trained',
    width: 4,
    training: {
      epochs: 1,
      trainImages: 2048,
      batchSize: 64,
      learningRate: 5e-3,
      schedule: 'one-cycle',
      augment: false,
    },
  },
  layers: ['layer3', 'all'],
  chain: 'layer3',
  edits: 5,
  maxSteps: 10,
  testImages: 300,
  precision: null,
  tuning: { coarse: { edits: 2, images: 50 }, full: { edits: 4, images: 100 }, keep: 1, minimumSuccess: 1 },
  editable: [
    {
      name: 'editable-1',
      from: 'plain',
      training: {
        epochs: 1,
        trainImages: 256,
        batchSize: 64,
        localityImages: 32,
        learningRate: 5e-4,
        learnEditor: false,
        editor: { name: 'rmsprop', hyperparameters: { learningRate: 1e-3, beta: 0.5 }, layers: 'layer3', maxSteps: 10 },
        cEdit: 0.1,
        cLoc: 1,
        clipEditNorm: 0.6,
      },
      layers: ['layer3'],
      paper: 'editable-0.01-rmsprop',
    },
  ],
  controls: [],
  conditional: { after: 'layer3', steps: 4, batchSize: 32, learningRate: 1e-3, cEdit: 0.1, cLoc: 0.1, margin: 0 },
  neighbors: [10],
  retraining: { edits: 2, steps: 2, batchSize: 32, learningRate: 1e-3 },
  rehearsal: { weight: 1, images: 32 },
  figure: { edits: 30, testImages: 100, perplexity: 3, iterations: 60, components: 20 },
  sequence: { edits: 4, every: 2, testImages: 100 },
  together: { random: [4], mistakes: [4] },
  sampling: { edits: 4, halfWidths: [meanOfThousand, 0.01] },
};

/** Fine-tuning from the published checkpoint. */
const smallEditable = (cLoc: number): EditableChoice => ({
  name: `editable-${cLoc}`,
  from: 'plain',
  training: {
    epochs: 1,
    learningRate: 5e-4,
    learnEditor: false,
    editor: { name: 'rmsprop', hyperparameters: { learningRate: 3e-4, beta: 0.5 }, layers: 'layer3', maxSteps: 10 },
    cEdit: 0.1,
    cLoc,
    clipEditNorm: 0.6,
    localityImages: 64,
  },
  layers: ['layer3'],
  paper: cLoc >= 1 ? 'editable-0.1-rmsprop' : 'editable-0.01-rmsprop',
});

/**
 * An extra layer on the published checkpoint, trained alone: its inputs are computed without a graph, so an epoch takes a
 * minute or two, and the test error stays. Gradient descent: RMSProp moves every weight of the layer alike, the unconcerned ones too.
 */
const smallExtra: EditableChoice = {
  name: 'editable-extra',
  from: 'plain',
  extra: 4096,
  training: {
    epochs: 4,
    batchSize: 32,
    baseLoss: 'distillation',
    freezeBefore: 'extra',
    learningRate: 3e-4,
    learnEditor: false,
    editor: { name: 'gd', hyperparameters: { learningRate: 2e-3 }, layers: 'extra', maxSteps: 10 },
    cEdit: 5,
    cLoc: 1,
    clipEditNorm: 1,
  },
  layers: ['extra'],
  paper: null,
  minimumSuccess: 1,
  search: { edits: 200, images: 500, searchSteps: 8 },
};

/** The extra layer trained as long without the edit and locality terms: to keep the predictions, or on the labels. */
const smallControl = (name: string, baseLoss: 'distillation' | 'cross-entropy'): ControlChoice => ({
  name,
  of: smallExtra,
  model: {
    ...smallExtra,
    name,
    training: { ...smallExtra.training, objective: 'plain', baseLoss, cEdit: 0, cLoc: 0 },
  },
});

const small: Scale = {
  name: 'small',
  dataset: 'cifar-10',
  base: {
    kind: 'checkpoint',
    model: 'resnet20',
    file: 'cifar10-resnet/resnet20-12fca82f.th',
    // The published CIFAR ResNets were trained with ImageNet's numbers.
    normalization: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  },
  layers: ['layer1', 'layer2', 'layer3', 'all'],
  chain: 'layer3',
  edits: 200,
  maxSteps: 10,
  testImages: null,
  precision: 0.001,
  tuning: { coarse: { edits: 20, images: 250 }, full: { edits: 40, images: 500 }, keep: 1, minimumSuccess: 0.95 },
  editable: [smallExtra, smallEditable(1), smallEditable(0.1)],
  controls: [smallControl('plain-extra', 'distillation'), smallControl('plain-extra-labels', 'cross-entropy')],
  // ResNet-20's chain 3 is its last: only pooling and a linear layer follow.
  conditional: { after: 'layer2', steps: 1000, batchSize: 64, learningRate: 5e-4, cEdit: 0.1, cLoc: 0.1, margin: 1 },
  neighbors: [10, 100],
  retraining: { edits: 20, steps: 30, batchSize: 128, learningRate: 1e-3 },
  rehearsal: { weight: 1, images: 128 },
  figure: { edits: 300, testImages: 3000, perplexity: 30, iterations: 1000, components: 100 },
  sequence: { edits: 100, every: 5, testImages: null },
  together: { random: [200], mistakes: [200, 800] },
  sampling: { edits: 120, halfWidths },
};

/** What two cores can fit: a ninth of the images. */
const mediumTraining: Partial<TrainingSettings> = {
  epochs: 50,
  trainImages: 5000,
  batchSize: 32,
  schedule: 'one-cycle',
  learningRate: 1e-3,
};

const mediumRmsprop: EditorChoice = {
  name: 'rmsprop',
  hyperparameters: { learningRate: 2.5e-4, beta: 0.2 },
  layers: 'layer3',
  maxSteps: 10,
};

/** First order: through 1/√(rms + ε) the second one is mostly noise, and c = 1 destroys the network. */
const mediumChain: EditableChoice = {
  name: 'editable-0.3',
  from: 'plain',
  training: {
    epochs: 10,
    trainImages: 5000,
    batchSize: 32,
    learningRate: 3e-4,
    learnEditor: false,
    firstOrder: true,
    editor: mediumRmsprop,
    cEdit: 0.3,
    cLoc: 0.3,
    clipEditNorm: 1,
  },
  layers: ['layer3'],
  paper: 'editable-0.01-rmsprop',
};

/** The plain model trained on for as long as that one. */
/** The same training without the edit and locality terms. */
const plainly = (choice: EditableChoice): EditableChoice => ({
  ...choice,
  training: { ...choice.training, objective: 'plain', cEdit: 0, cLoc: 0 },
});
const mediumLonger: ControlChoice = {
  name: 'plain-longer',
  of: mediumChain,
  model: plainly({ ...mediumChain, name: 'plain-longer' }),
};

/** From scratch, as section 4.1 has it: α and β are learned, and kept up by c_edit above c_loc. */
const mediumScratch: EditableChoice = {
  name: 'editable-scratch',
  from: null,
  training: {
    ...mediumTraining,
    editor: { ...mediumRmsprop, hyperparameters: { learningRate: 1e-3, beta: 0.5 }, maxSteps: 6 },
    cEdit: 0.1,
    cLoc: 0.03,
    clipEditNorm: 1,
  },
  layers: ['layer3'],
  paper: 'editable-0.01-rmsprop',
};

/** The extra layer alone. α is larger than what edits the plain model: locality makes gradients smaller. */
/** The same, as lightly as the paper's lighter rows. */
const mediumLighter: EditableChoice = {
  ...mediumChain,
  name: 'editable-0.1',
  training: { ...mediumChain.training, cEdit: 0.1, cLoc: 0.1 },
};
/** Both: from scratch, then as `editable-0.3` goes on from the plain model. */
const mediumScratchMore: EditableChoice = { ...mediumChain, name: 'editable-scratch-0.3', from: mediumScratch };
/** Three times as long; its control is the plain model trained on for as long. */
const mediumScratchLonger: EditableChoice = {
  ...mediumScratchMore,
  name: 'editable-scratch-0.3-30',
  training: { ...mediumScratchMore.training, epochs: 30 },
};
const mediumLongest: ControlChoice = {
  name: 'plain-longer-30',
  of: mediumChain,
  model: plainly({ ...mediumChain, name: 'plain-longer-30', training: { ...mediumChain.training, epochs: 30 } }),
};
const mediumExtra: EditableChoice = {
  name: 'editable-extra',
  from: 'plain',
  training: {
    epochs: 20,
    trainImages: 5000,
    batchSize: 32,
    baseLoss: 'distillation',
    freezeBefore: 'extra',
    learningRate: 1e-3,
    learnEditor: false,
    editor: { name: 'gd', hyperparameters: { learningRate: 0.06 }, layers: 'extra', maxSteps: 10 },
    cEdit: 5,
    cLoc: 2,
    clipEditNorm: 2,
  },
  layers: ['extra'],
  paper: null,
  minimumSuccess: 0.99,
  search: { edits: 100, images: 500, searchSteps: 10 },
};

/** ResNet-18 of width 16, trained from scratch; section 4.3's extra layer is part of the network from the start. */
const medium: Scale = {
  name: 'medium',
  dataset: 'cifar-10',
  base: { kind: 'trained', width: 16, extra: 4096, training: mediumTraining },
  layers: resnet18Layers,
  chain: 'layer3',
  edits: 100,
  maxSteps: 10,
  testImages: null,
  precision: 0.001,
  tuning: { coarse: { edits: 10, images: 250 }, full: { edits: 50, images: 250 }, keep: 1, minimumSuccess: 0.98 },
  editable: [mediumExtra, mediumChain, mediumLighter, mediumScratch, mediumScratchMore, mediumScratchLonger],
  controls: [{ name: 'plain-extra', of: mediumExtra, model: 'plain' }, mediumLonger, mediumLongest],
  conditional: { after: 'layer3', steps: 1500, batchSize: 32, learningRate: 5e-4, cEdit: 0.1, cLoc: 0.1, margin: 0 },
  neighbors: [10, 100],
  retraining: { edits: 10, steps: 30, batchSize: 128, learningRate: 1e-3 },
  rehearsal: { weight: 1, images: 128 },
  figure: { edits: 300, testImages: 3000, perplexity: 30, iterations: 1000, components: 100 },
  sequence: { edits: 100, every: 5, testImages: null },
  together: { random: [200], mistakes: [200] },
  sampling: { edits: 120, halfWidths },
};

const paperEpochs = 100;

/** From scratch, as section 4.1 has it; α and β are learned. */
const paperEditable = (cLoc: number, editor: 'gd' | 'rmsprop', layers: string): EditableChoice => ({
  name: `editable-${cLoc}-${editor}${layers === 'all' ? '-all' : ''}`,
  from: null,
  training: {
    epochs: paperEpochs,
    schedule: 'one-cycle',
    learningRate: 1e-3,
    editor: {
      name: editor,
      hyperparameters: editor === 'gd' ? { learningRate: 1e-2 } : { learningRate: 1e-3, beta: 0.5 },
      layers,
      maxSteps: 10,
    },
    cEdit: cLoc,
    cLoc,
  },
  layers: [layers],
  paper: `editable-${cLoc}-${editor}${layers === 'all' ? '-all' : ''}`,
});

const paper: Scale = {
  name: 'paper',
  dataset: 'cifar-10',
  base: {
    kind: 'trained',
    width: 64,
    training: { epochs: paperEpochs, schedule: 'one-cycle', learningRate: 1e-3 },
  },
  layers: resnet18Layers,
  chain: 'layer3',
  edits: 1000,
  maxSteps: 10,
  testImages: null,
  precision: null,
  tuning: { coarse: { edits: 40, images: 1000 }, full: { edits: 200, images: 2500 }, keep: 2, minimumSuccess: 0.95 },
  editable: [
    paperEditable(0.01, 'rmsprop', 'layer3'),
    paperEditable(0.01, 'gd', 'all'),
    paperEditable(0.01, 'gd', 'layer3'),
    paperEditable(0.1, 'rmsprop', 'layer3'),
  ],
  controls: [],
  conditional: {
    after: 'layer3',
    steps: 35_000,
    batchSize: 128,
    learningRate: 1e-3,
    cEdit: 0.01,
    cLoc: 0.01,
    margin: 0,
  },
  neighbors: [10, 100],
  retraining: { edits: 20, steps: 200, batchSize: 128, learningRate: 1e-4 },
  rehearsal: { weight: 1, images: 512 },
  figure: { edits: 4500, testImages: null, perplexity: 30, iterations: 1000, components: 200 },
  sequence: { edits: 1000, every: 25, testImages: null },
  together: { random: [200], mistakes: [200, 500] },
  sampling: { edits: 120, halfWidths },
};

export const scales: Readonly<Record<'tiny' | 'small' | 'medium' | 'paper', Scale>> = { tiny, small, medium, paper };
