/** What a new extra layer sees its inputs by: their mean and deviation over training images. */
import { cat, type Device, type nn, noGrad, scope } from '@editable/torch';
import { type ImageDataset, type Normalization, subset } from '../data/index.js';
import { TestSet } from '../evaluation/test-set.js';
import { standardization } from '../models/extra-layer.js';
import { trainingSplits } from '../runs/splits.js';

/** Enough for means to a twentieth of a deviation. */
const images = 500;

export interface StandardizationOptions {
  /** As the model receives images. */
  readonly normalization: Normalization;
  readonly device?: Device;
}

/** The model, whose extra layer is new, with μ and σ of what that layer receives for training images, evenly spread over the split. */
export function withStandardizedExtraLayer(
  model: nn.Model,
  dataset: ImageDataset,
  { normalization, device = 'cpu' }: StandardizationOptions,
): nn.Model {
  const { train } = trainingSplits(dataset);
  const count = Math.min(images, train.length);
  const chosen = Uint32Array.from({ length: count }, (_, i) => Math.floor((i * train.length) / count));
  using inputs = new TestSet(subset(train, chosen), { normalization, device });
  // A new extra layer gives what it receives.
  const to = model.stages.findIndex(({ name }) => name === 'extra') + 1;
  const [mean, deviation] = scope(() =>
    noGrad(() => {
      const received = cat(inputs.images.over((batch) => scope(() => model.call(batch, { to }).output)));
      const mean = received.mean([0]);
      return [mean, received.sub(mean).square().mean().sqrt()] as const;
    }),
  );
  const { mean: meanName, deviation: deviationName } = standardization;
  return model.with({ buffers: new Map([...model.buffers, [meanName, mean], [deviationName, deviation]]) });
}
