import { memory, type nn } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { imageSplit, stream } from '../data/index.js';
import { createModel } from '../models/registry.js';
import { TestSet } from './test-set.js';

const random = stream(3, 'images');
const shape = [3, 16, 16] as const;
const pixels = Uint8Array.from({ length: 20 * 3 * 16 * 16 }, () => random.int(256));
const split = imageSplit(pixels, new Uint8Array(20), shape);
const normalization = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
const model: nn.Model = createModel({ kind: 'resnet20', inChannels: 3, classes: 10 });
const imageBytes = 4 * 3 * 16 * 16;

describe('TestSet', () => {
  it('gives the same predictions of images that it does not hold, a batch of them in memory at a time', () => {
    using held = new TestSet(split, { normalization, batchSize: 6 });
    const before = memory().tensors;
    using streamed = new TestSet(split, { normalization, batchSize: 6, memory: 19 * imageBytes });
    expect(streamed.predict(model)).toEqual(held.predict(model));
    expect(streamed.predict(model, streamed.images, [2, 3, 19])).toEqual(held.predict(model, held.images, [2, 3, 19]));
    expect(streamed.probabilities(model, streamed.images)).toEqual(held.probabilities(model, held.images));
    expect(memory().tensors).toBe(before);
    expect(() => streamed.images.batches).toThrow('20 images of this size do not fit into memory at once');
  });

  it('holds what a stage receives where that fits, else judges from the images on', () => {
    using held = new TestSet(split, { normalization, batchSize: 6 });
    using small = new TestSet(split, { normalization, batchSize: 6, memory: 4 * 20 * 64 * 4 * 4 });
    const last = model.stages.length - 1;
    using few = small.activations(model, last);
    using many = small.activations(model, 1);
    expect([few.from, many.from]).toEqual([last, 0]);
    for (const activations of [few, many]) expect(activations.predict(model)).toEqual(held.predict(model));
  });
});
