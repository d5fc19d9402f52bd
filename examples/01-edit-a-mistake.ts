/** Repairs one mistake of a small classifier and counts what else changed. */
import { tensor } from '@editable/torch';
import {
  ControlImages,
  classification,
  controlCurvature,
  defaultTraining,
  edit,
  loadDataset,
  natural,
  normalizeImages,
  preview,
  runConfig,
  selectParameters,
  subset,
  TestSet,
  trainingSplits,
  trainRun,
} from 'editable';

// A small network, trained for some seconds. The second time this only opens the finished run.
const dataset = await loadDataset('fashion-mnist');
const { classes, shape, normalization } = dataset;
const spec = { kind: 'cifar-resnet18', width: 4, inChannels: 1, classes: classes.length } as const;
const short = { epochs: 1, batchSize: 32, learningRate: 4e-3, trainImages: 6000, augment: false } as const;
const config = runConfig(dataset, spec, { ...defaultTraining, ...short, objective: 'plain' });
const { model } = await trainRun('runs/examples/plain', config, dataset);

// Its first mistake among 1,000 test images.
const test = subset(dataset.split('test'), [...Array(1000).keys()]);
const judged = new TestSet(test, { normalization });
const predicted = judged.predict(model);
const mistake = predicted.findIndex((label, i) => label !== test.labels[i]);
const truth = test.labels[mistake]!;
console.log(`Test image ${mistake} is a ${classes[truth]}; the model says ${classes[predicted[mistake]!]}.`);

// What must stay as it is: the answers on 300 training images. Their labels are not looked at.
const layers = 'layer3';
const control = new ControlImages(trainingSplits(dataset).train, { normalization, images: 300 });
const curvature = controlCurvature(model, control)(selectParameters(model, layers));

// The constraint: this image gets this label. A step or two on the third chain, until it holds.
const input = tensor(normalizeImages([test.image(mistake)], shape, normalization), { shape: [1, ...shape] });
const repair = edit(model, classification(input, truth), { editor: natural({ curvature }), layers });
console.log(`Edited: success ${repair.success} in ${repair.steps} steps.`);

// `model` is as it was; `repair.model` shares with it every tensor outside layer3.
const { flips, drawdown } = preview(model, repair.model, repair.changed, judged);
console.log(`Of 1,000 predictions ${flips.length} changed; drawdown ${(100 * drawdown).toFixed(1)} points.`);
