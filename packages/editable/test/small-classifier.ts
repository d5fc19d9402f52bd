/** A classifier for tests: ResNet-18 of width 4, trained on Fashion-MNIST for seconds, so that its mistakes are real. */
import { existsSync } from 'node:fs';
import { type nn, tensor } from '@editable/torch';
import {
  assembleBatch,
  BatchSchedule,
  createModel,
  defaultTraining,
  type ImageDataset,
  imageClassification,
  loadDataset,
  onDevice,
  Trainer,
  trainingSplits,
} from '../src/index.js';

/** Tests with this classifier are skipped where the data set is not installed. */
export const hasFashionMnist: boolean =
  existsSync('/usr/share/datasets/fashion-mnist') || process.env.EDITABLE_DATA !== undefined;

export async function smallClassifier(steps = 40): Promise<{ model: nn.Model; dataset: ImageDataset }> {
  const dataset = await loadDataset('fashion-mnist');
  const { shape, classes, normalization } = dataset;
  const fresh = createModel({ kind: 'cifar-resnet18', width: 4, inChannels: shape[0], classes: classes.length });
  const { train } = trainingSplits(dataset);
  const schedule = new BatchSchedule(train.length, { batchSize: 64, seed: 0 });
  const trainer = new Trainer(imageClassification, onDevice(fresh, 'cpu'), { ...defaultTraining, objective: 'plain' });
  for (let step = 0; step < steps; step++) {
    const indices = schedule.at(step);
    const { images, labels } = assembleBatch(train, indices, { normalization });
    using imageTensor = tensor(images, { shape: [indices.length, ...shape] });
    using labelTensor = tensor(labels);
    trainer.step({ input: imageTensor, target: labelTensor }, undefined, 3e-3);
  }
  return { model: trainer.snapshot(), dataset };
}
