/**
 * Checkpoints as their author published them in 2018: they load, and reach the accuracy that PyTorch gives them.
 * Looked for under EDITABLE_DATA, else ../shared/data beside the repository; skipped where absent.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type nn, noGrad, readStateDict, scope, tensor } from '@editable/torch';
import {
  assembleBatch,
  cifar10,
  createModel,
  type ImageSplit,
  imageSplit,
  type ModelKind,
  type ModelSpec,
  type Normalization,
  sequentialBatches,
  withWeights,
} from 'editable';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

const beside = fileURLToPath(new URL('../../../shared/data', import.meta.url));
const roots = [process.env.EDITABLE_DATA, beside].filter((root) => root !== undefined && root !== '') as string[];

const find = (...path: string[]): string | undefined =>
  roots.map((root) => join(root, ...path)).find((candidate) => existsSync(candidate));

// What these checkpoints were trained with.
const normalization: Normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const batchSize = 500;

const checkpoints = [
  { kind: 'resnet20', file: 'resnet20-12fca82f.th', correct: 9173 },
  { kind: 'resnet56', file: 'resnet56-4bfd9763.th', correct: 9339 },
] as const satisfies readonly { kind: ModelKind; file: string; correct: number }[];

const specOf = (kind: 'resnet20' | 'resnet56'): ModelSpec => ({ kind, inChannels: 3, classes: 10 });

describe('withWeights', () => {
  for (const { kind, file, correct } of checkpoints) {
    const path = find('cifar10-resnet', file);
    const where = path === undefined ? ` (${file} is not under EDITABLE_DATA or ../shared/data)` : '';

    it.skipIf(path === undefined)(
      `gives a ${kind} that gets ${correct} of CIFAR-10's 10,000 test images right${where}`,
      async (context) => {
        const images = await testImages();
        if (images === undefined) return context.skip('CIFAR-10 is not under EDITABLE_DATA or ../shared/data');
        const model = withWeights(createModel(specOf(kind)), readStateDict(path as string), file);
        expect(countCorrect(model, images)).toBe(correct);
      },
    );
  }

  const [resnet20] = checkpoints;
  const path = find('cifar10-resnet', resnet20.file);
  it.skipIf(path === undefined)('refuses one of another depth, naming the first tensors', () => {
    const tensors = readStateDict(path as string);
    expect(() => withWeights(createModel(specOf('resnet56')), tensors, resnet20.file)).toThrow(
      `${resnet20.file} is a checkpoint of another model: expected layer1.3.conv1.weight [16, 16, 3, 3], which is missing; `,
    );
  });
});

function countCorrect(model: nn.Model, images: ImageSplit): number {
  let correct = 0;
  for (const indices of sequentialBatches(images.length, batchSize)) {
    const batch = assembleBatch(images, indices, { normalization });
    correct += scope(() => {
      const input = tensor(batch.images, { shape: [indices.length, ...images.shape] });
      const predicted = noGrad(() => model.call(input).output.argmax({ dim: 1 }));
      return predicted.eq(tensor(batch.labels)).sum().item();
    });
  }
  return correct;
}

/** CIFAR-10's test split: the official binary files, else a lossless mosaic of 100 × 100 images beside its labels. */
async function testImages(): Promise<ImageSplit | undefined> {
  const binary = find('cifar-10', 'test_batch.bin') ?? find('cifar-10-batches-bin', 'test_batch.bin');
  if (binary !== undefined) return (await cifar10({ dataDir: join(binary, '..') })).split('test');
  const mosaic = find('cifar-10', 'test_batch.webp');
  if (mosaic === undefined) return undefined;
  const pixels = await sharp(mosaic).removeAlpha().raw().toBuffer(); // [3200, 3200, 3]
  const labels = new Uint8Array(readFileSync(mosaic.replace(/webp$/, 'labels')));
  return imageSplit(tiles(pixels, labels.length), labels, [3, 32, 32]);
}

function tiles(mosaic: Uint8Array, count: number): Uint8Array {
  const images = new Uint8Array(count * 3072); // [count, 3, 32, 32]
  for (let at = 0; at < images.length; at++) {
    const [image, channel, y, x] = [
      Math.floor(at / 3072),
      Math.floor(at / 1024) % 3,
      Math.floor(at / 32) % 32,
      at % 32,
    ];
    const [row, column] = [Math.floor(image / 100) * 32 + y, (image % 100) * 32 + x];
    images[at] = mosaic[(row * 3200 + column) * 3 + channel]!;
  }
  return images;
}
