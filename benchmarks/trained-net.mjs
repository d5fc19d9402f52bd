/** For rows that depend on values: a small ResNet-18 trained on Fashion-MNIST for about a minute. */
import { scope, tensor } from '@editable/torch';
import { assembleBatch, createModel, defaultTraining, imageClassification, stream, Trainer } from 'editable';

const batchSize = 64;

export function trainedNet(dataset, { device, width, steps }) {
  const fresh = createModel(
    { kind: 'cifar-resnet18', width, inChannels: 1, classes: dataset.classes.length },
    { device },
  );
  const trainer = new Trainer(imageClassification, fresh, { ...defaultTraining, objective: 'plain' });
  const split = dataset.split('train');
  for (let step = 0; step < steps; step++) {
    scope(() => {
      const drawn = stream(0, 'benchmark-training', step).sample(split.length, batchSize);
      const { images, labels } = assembleBatch(split, drawn, dataset);
      const batch = {
        input: tensor(images, { shape: [batchSize, ...dataset.shape], device }),
        target: tensor(labels, { device }),
      };
      trainer.step(batch, undefined, 5e-3);
    });
  }
  const model = trainer.snapshot();
  trainer[Symbol.dispose]?.();
  return model;
}
