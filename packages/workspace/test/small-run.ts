/** A run for tests, made in a second: ResNet-18 of width 4 on noisy stripes, with real mistakes and no file but its own. */
import { nn, tensor } from '@editable/torch';
import {
  assembleBatch,
  BatchSchedule,
  createModel,
  createRun,
  defaultTraining,
  type ImageDataset,
  type ImageSplit,
  imageClassification,
  imageSplit,
  onDevice,
  runConfig,
  stream,
  Trainer,
  trainingSplits,
} from 'editable';
import type { OpenedModel } from '../src/index.js';

const shape = [1, 12, 12] as const;
const classes = ['rows', 'columns', 'diagonals', 'checks'];
const normalization = { mean: [0.5], std: [0.25] };

/** Whether a pixel of the class's pattern is bright. */
const patterns: readonly ((y: number, x: number) => boolean)[] = [
  (y) => y % 4 < 2,
  (_, x) => x % 4 < 2,
  (y, x) => (y + x) % 4 < 2,
  (y, x) => y % 4 < 2 === x % 4 < 2,
];

/** So noisy that a small network gets some of them wrong. */
function stripes(count: number, use: string): ImageSplit {
  const random = stream(0, 'stripes', use);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % classes.length);
  const pixels = Uint8Array.from({ length: count * 144 }, (_, at) => {
    const [image, y, x] = [Math.floor(at / 144), Math.floor((at % 144) / 12), at % 12];
    const bright = (patterns[labels[image] as number] as (y: number, x: number) => boolean)(y, x);
    return Math.max(0, Math.min(255, Math.round(128 + (bright ? 18 : -18) + 60 * random.normal())));
  });
  return imageSplit(pixels, labels, shape);
}

const splits = { train: stripes(1200, 'train'), test: stripes(400, 'test') };

export const stripesDataset: ImageDataset = {
  name: 'stripes',
  folder: 'nowhere',
  classes,
  shape,
  normalization,
  augmentation: { padding: 0, flip: false },
  split: (which) => splits[which],
};

/** `steps`: the more, the better the network. */
export function smallRun(folder: string, { steps = 40, seed = 0 } = {}): OpenedModel {
  const spec = { kind: 'cifar-resnet18', width: 4, inChannels: 1, classes: classes.length } as const;
  const { train } = trainingSplits(stripesDataset);
  const schedule = new BatchSchedule(train.length, { batchSize: 32, seed });
  const trainer = new Trainer(imageClassification, onDevice(createModel(spec), 'cpu'), {
    ...defaultTraining,
    objective: 'plain',
  });
  for (let step = 0; step < steps; step++) {
    const indices = schedule.at(step);
    const batch = assembleBatch(train, indices, { normalization });
    using images = tensor(batch.images, { shape: [indices.length, ...shape] });
    using labels = tensor(batch.labels);
    trainer.step({ input: images, target: labels }, undefined, 3e-3);
  }
  const model = nn.channelsLast(trainer.snapshot());
  const run = createRun(folder, runConfig(stripesDataset, spec, null), model);
  return { run, dataset: stripesDataset, model: run.model, patches: [], device: 'cpu' };
}
