import { noGrad, scope, type Tensor, tensor } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { assembleBatch } from '../data/batch.js';
import { type ImageSplit, imageSplit } from '../data/image-dataset.js';
import { stream } from '../data/random.js';
import { createModel } from '../models/registry.js';
import { tailOf } from '../models/tail.js';
import { trainingInputs } from './training-inputs.js';

const whole = createModel({ kind: 'cifar-resnet18', width: 4, inChannels: 1, classes: 10, extra: 8 });
const model = tailOf(whole, 'extra');
const start = { device: 'cpu', whole, model } as const;
const normalization = { mean: [0.3], std: [0.3] };
const random = stream(0, 'pixels');
const split = imageSplit(
  Uint8Array.from({ length: 70 * 28 * 28 }, () => random.int(256)),
  Uint8Array.from({ length: 70 }, () => random.int(10)),
  [1, 28, 28],
);

/** A split that says which images were read. */
function watched(): { images: ImageSplit; read: number[] } {
  const read: number[] = [];
  const image = (index: number): Uint8Array => {
    read.push(index);
    return split.image(index);
  };
  return { images: { ...split, length: split.length, image }, read };
}

const received = (indices: readonly number[]): Tensor => {
  const { images } = assembleBatch(split, indices, { normalization });
  const to = whole.stages.length - model.stages.length;
  return noGrad(() => whole.call(tensor(images, { shape: [indices.length, 1, 28, 28] }), { to }).output);
};

describe('trainingInputs', () => {
  it('runs the frozen part once an image, whatever batches ask for it', async () => {
    const { images, read } = watched();
    const inputs = trainingInputs(images, start, { normalization, augments: false });
    read.length = 0;
    for (const indices of [[2, 35, 2], [69], [0, 36, 68], [5, 2]]) {
      const make = await inputs.read(indices);
      scope(() => {
        const { input, target } = make();
        expect(input.sub(received(indices)).abs().max().item()).toBeLessThan(1e-5);
        expect([...(target.data() as BigInt64Array)].map(Number)).toEqual(indices.map((i) => split.labels[i]));
      });
    }
    expect(read.sort((a, b) => a - b)).toEqual([...Array(70).keys()]);
  });

  it('gives the same bits whichever batch came first, and of a part of a batch that part', async () => {
    const bits = async (order: readonly (readonly number[])[]): Promise<unknown> => {
      const inputs = trainingInputs(split, start, { normalization, augments: false });
      for (const indices of order) (await inputs.read(indices))();
      return (await inputs.read([9, 35, 1, 9], undefined, [1, 3]))().input.data();
    };
    expect(await bits([[3], [40]])).toEqual(await bits([[1, 2, 34, 4]]));
  });

  it('runs it for every batch where images are augmented, or what it gives is more than may be kept', async () => {
    for (const options of [{ augments: true }, { augments: false, memory: 4 * 31 * 70 }]) {
      const { images, read } = watched();
      const inputs = trainingInputs(images, start, { normalization, ...options });
      read.length = 0;
      for (let i = 0; i < 2; i++) (await inputs.read([0, 1]))();
      expect(read).toHaveLength(4);
    }
  });
});
