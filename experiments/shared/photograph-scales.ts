/** The scales of sections 4.3 and 4.3.1: photographs of ImageNet, networks as published. */
import type { ScaleFamily } from './experiment.js';
import type { PhotographSet } from './photograph-set.js';
import type { ControlChoice, EditableChoice, Scale } from './scale.js';
import { scales } from './scales.js';

const normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Ten of the thousand classes in numbers, and one photograph of each: what there is without ImageNet itself. */
const samples: PhotographSet = {
  name: 'imagenette + imagenet-sample-images',
  classes: 'squeezenet1_1/synset_words.txt',
  parts: [
    { folder: 'imagenette', of: 'train', into: 'train' },
    { folder: 'imagenet-sample-images', of: 'test', into: 'train', every: 2, first: 0 },
    { folder: 'imagenet-sample-images', of: 'test', into: 'test', every: 2, first: 1 },
    { folder: 'imagenette', of: 'test', into: 'test', every: 4, first: 0 },
  ],
};

const small = scales.small;

/** The extra layer alone: what comes before it runs once a photograph. */
const smallExtra: EditableChoice = {
  name: 'editable-extra',
  from: 'plain',
  training: {
    epochs: 20,
    batchSize: 16,
    baseLoss: 'distillation',
    augment: false,
    freezeBefore: 'extra',
    schedule: 'cosine',
    learningRate: 1e-4,
    editor: { name: 'gd', hyperparameters: { learningRate: 2e-3 }, layers: 'extra', maxSteps: 10 },
    cEdit: 5,
    cLoc: 10,
    clipEditNorm: 1,
  },
  layers: ['extra'],
  paper: 'editable-extra',
};

/** The same layer for as many steps, to keep the network's answers only. */
const smallDistilled: ControlChoice = {
  name: 'distilled-extra',
  of: smallExtra,
  model: {
    ...smallExtra,
    name: 'distilled-extra',
    training: { ...smallExtra.training, objective: 'plain', cEdit: 0, cLoc: 0 },
  },
};

const smallPhotographs: Scale = {
  ...small,
  dataset: samples,
  base: {
    kind: 'checkpoint',
    model: 'squeezenet1_1',
    file: 'squeezenet1_1/squeezenet1_1.safetensors',
    normalization,
    extra: { hidden: 4096, standardized: true, gain: 4 },
  },
  layers: ['chain-3', 'extra'],
  chain: 'chain-3',
  edits: 200,
  tuning: { coarse: null, full: { edits: 40, images: 250 }, keep: 1, minimumSuccess: 0.95 },
  editable: [smallExtra],
  controls: [smallDistilled],
};

/** ILSVRC 2012 as torchvision's ImageFolder has it: imagenet/train/n01440764/*.JPEG, imagenet/val/n01440764/*.JPEG. */
const imageNet: PhotographSet = {
  name: 'ILSVRC 2012',
  classes: null,
  parts: [
    { folder: 'imagenet', of: 'train', into: 'train' },
    { folder: 'imagenet', of: 'test', into: 'test' },
  ],
};

/** Section 4.3; epochs and the weights of the terms are not stated there: one pass, and the released code's KL weight. */
const paperFineTuning: EditableChoice['training'] = {
  epochs: 1,
  batchSize: 128,
  baseLoss: 'distillation',
  augmentation: 'random-resized-crop',
  optimizer: 'sgd',
  nesterov: false,
  schedule: 'constant',
  learningRate: 1e-5,
  addedLearningRate: 1e-3,
  addedLayers: 'extra',
  weightDecay: 1e-4,
  checkpointEvery: 500,
};

const paperRow = (layers: string, name: string): EditableChoice => ({
  name,
  from: 'plain',
  training: {
    ...paperFineTuning,
    editor: { name: 'rmsprop', hyperparameters: { learningRate: 1e-3, beta: 0.5 }, layers, maxSteps: 10 },
    cEdit: 1,
    cLoc: 30,
  },
  layers: [layers],
  paper: name,
});

/** Both of section 4.3's networks, the same in everything else. */
const paperOf = (name: Scale['name'], model: 'resnet18' | 'densenet169', file: string, chain: string): Scale => {
  const extra = paperRow('extra', 'editable-extra');
  const distilled: ControlChoice = {
    name: 'distilled-extra',
    of: extra,
    model: {
      ...extra,
      name: 'distilled-extra',
      training: { ...extra.training, objective: 'plain', cEdit: 0, cLoc: 0 },
    },
  };
  return {
    ...scales.paper,
    name,
    dataset: imageNet,
    base: { kind: 'checkpoint', model, file, normalization, extra: 4096 },
    layers: [chain, 'extra'],
    chain,
    editable: [extra, paperRow(chain, 'editable-chain3')],
    controls: [distilled],
  };
};

export const photographScales: ScaleFamily = {
  name: 'photographs',
  scales: {
    small: smallPhotographs,
    paper: paperOf('paper', 'resnet18', 'resnet18-f37072fd.pth', 'layer3'),
    'paper-densenet169': paperOf('paper-densenet169', 'densenet169', 'densenet169-b2777c0a.pth', 'chain-3'),
  },
};
