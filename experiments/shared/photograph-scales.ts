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

/** The extra layer alone: what comes before it is computed without a graph. */
const smallExtra: EditableChoice = {
  name: 'editable-extra',
  from: 'plain',
  training: {
    epochs: 6,
    batchSize: 16,
    baseLoss: 'distillation',
    freezeBefore: 'extra',
    learningRate: 1e-4,
    learnEditor: false,
    editor: { name: 'gd', hyperparameters: { learningRate: 1e-3 }, layers: 'extra', maxSteps: 10 },
    cEdit: 5,
    cLoc: 1,
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
    extra: 1024,
  },
  layers: ['chain-3', 'extra'],
  chain: 'chain-3',
  edits: 200,
  tuning: { coarse: null, full: { edits: 40, images: 250 }, keep: 1, minimumSuccess: 0.95 },
  editable: [smallExtra],
  controls: [smallDistilled],
};

export const photographScales: ScaleFamily = { name: 'photographs', scales: { small: smallPhotographs } };
