/** Photographs that are decoded from their files whenever they are asked for: what is trained on. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { augmentedImages } from './augmented-images.js';
import { concatenate } from './concatenate.js';
import { type ImageDataset, type ImageSplit, imageSplit, subset } from './image-dataset.js';
import { readRandomCrop } from './photograph.js';
import { photographs } from './photographs.js';
import { RandomStream, stream } from './random.js';
import { randomResizedCrop } from './random-resized-crop.js';

const root = mkdtempSync(join(tmpdir(), 'on-demand-'));
const { XDG_CACHE_HOME: cacheBefore } = process.env;
const preprocessing = { resize: 16, crop: 12 };
let folder = '';
let folders = 0;
let jpeg: Buffer;

beforeAll(async () => {
  process.env.XDG_CACHE_HOME = join(root, 'cache');
  jpeg = await picture(0);
});

beforeEach(() => {
  folder = join(root, `folder-${folders++}`);
});

afterAll(() => {
  if (cacheBefore === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = cacheBefore;
  rmSync(root, { recursive: true });
});

/** 40 × 30 pixels of noise. */
const picture = (seed: number): Promise<Buffer> => {
  const random = stream(seed, 'picture');
  const pixels = Uint8Array.from({ length: 40 * 30 * 3 }, () => random.int(256));
  return sharp(pixels, { raw: { width: 40, height: 30, channels: 3 } })
    .jpeg()
    .toBuffer();
};

function put(path: string, bytes: Uint8Array | string = jpeg): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

const opened = (options: object = {}, source: object = {}): Promise<ImageDataset> =>
  photographs({ folder, ...source }, { preprocessing, onDemand: ['train', 'test'], ...options });

const problem = (source: object = {}): Promise<string> =>
  opened({}, source).then(
    () => 'opened',
    (error: Error) => error.message,
  );

const pixelsOf = (split: ImageSplit): number[][] => Array.from({ length: split.length }, (_, i) => [...split.image(i)]);

async function twelve(): Promise<void> {
  for (let i = 0; i < 12; i++) put(`train/${i % 2 === 0 ? 'ant' : 'bee'}/${i}.jpg`, await picture(i));
}

describe('photographs on demand', () => {
  it('are what they are decoded beforehand: labels, hash and pixels; no crops are kept', async () => {
    await twelve();
    const split = (await opened()).split('train');
    const kept = join(root, 'cache/editable/photographs');
    expect(readdirSync(kept).filter((name) => name.endsWith('.crops'))).toEqual([]);
    const decoded = (await opened({ onDemand: [] })).split('train');
    expect(split).toMatchObject({ labels: decoded.labels, hash: decoded.hash, shape: [3, 12, 12] });
    expect(pixelsOf(split)).toEqual(pixelsOf(decoded));
    expect(() => split.image(12)).toThrow('an index from 0 to 11');
  });

  it('are cropped at random as their seed says, with one thread or three, alone or in a batch', async () => {
    await twelve();
    const indices = [7, 0, 7, 11];
    const crops = async (workers: number, chosen: readonly number[] = indices): Promise<number[][]> => {
      const split = (await opened({ workers })).split('train');
      return pixelsOf(await augmentedImages(split, chosen, { ...randomResizedCrop, random: stream(3, 'augment', 5) }));
    };
    const expected = await crops(1);
    expect(await crops(3)).toEqual(expected);
    expect(await crops(2, [7])).toEqual(expected.slice(0, 1));
    expect(expected[2]).not.toEqual(expected[0]);
    const random = new RandomStream(stream(3, 'augment', 5).branch());
    const alone = await readRandomCrop(join(folder, 'train/bee/11.jpg'), { ...randomResizedCrop, side: 12, random });
    expect((await opened()).split('train').labels[7]).toBe(1);
    expect([...alone]).toEqual(expected[0]);
  });

  it('keep their labels and their files in a part of a split', async () => {
    await twelve();
    const split = (await opened()).split('train');
    const part = subset(split, [9, 2]);
    const augment = () => ({ ...randomResizedCrop, random: stream(1, 'augment') });
    const cropped = await augmentedImages(part, [1, 0], augment());
    expect(pixelsOf(cropped)).toEqual(pixelsOf(await augmentedImages(split, [2, 9], augment())));
    expect([...cropped.labels]).toEqual([split.labels[2], split.labels[9]]);
  });

  it('keep them where splits are joined', async () => {
    await twelve();
    const split = (await opened()).split('train');
    const joined = concatenate([subset(split, [3, 4]), subset(split, [9])]);
    const augment = () => ({ ...randomResizedCrop, random: stream(2, 'augment') });
    const cropped = await augmentedImages(joined, [2, 0, 2, 1], augment());
    expect(pixelsOf(cropped)).toEqual(pixelsOf(await augmentedImages(split, [9, 3, 9, 4], augment())));
    const pixels = imageSplit(new Uint8Array(3 * 12 * 12), [0], [3, 12, 12]);
    expect(concatenate([split, pixels]).files).toBeUndefined();
  });

  it('are read on demand anyway where their crops would take more than 16 GiB', async () => {
    put('train/a/1.jpg');
    put('val/a/1.jpg');
    put('manifest.csv', `path,label,split\nval/a/1.jpg,a,val\n${'train/a/1.jpg,a,train\n'.repeat(1500)}`);
    const before = existsSync(join(root, 'cache/editable/photographs'))
      ? readdirSync(join(root, 'cache/editable/photographs'))
      : [];
    const dataset = await opened({ preprocessing: { resize: 2000, crop: 2000 }, onDemand: [] });
    expect(dataset.split('train').length).toBe(1500);
    expect(dataset.split('train').image(1499).length).toBe(3 * 2000 * 2000);
    const made = readdirSync(join(root, 'cache/editable/photographs')).filter((name) => !before.includes(name));
    expect(made.filter((name) => name.endsWith('.crops')).length).toBe(1);
  });

  it('are named and counted where they are damaged: cut off, text, 20,000 × 20,000', async () => {
    await twelve();
    put('train/ant/cut.jpg', jpeg.subarray(0, jpeg.length - 300));
    put('train/ant/text.jpg', 'no picture');
    put('train/bee/huge.png', hugePng());
    const before = process.memoryUsage().rss;
    expect(await problem()).toMatch(/^3 of 15 photographs in .* cannot be read; Cannot decode .*cut\.jpg/);
    const dataset = await opened({}, { onDamaged: 'skip' });
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
    expect(dataset.skipped).toEqual(['cut.jpg', 'text.jpg', 'huge.png'].map((name) => expect.stringContaining(name)));
    const split = dataset.split('train');
    expect([...split.labels]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    // What comes after a skipped one is still itself.
    const last = (await opened({ onDemand: [] }, { onDamaged: 'skip' })).split('train').image(11);
    expect([...split.image(11)]).toEqual([...last]);
    expect(await augmentedImages(split, [11], { ...randomResizedCrop, random: stream(0) })).toMatchObject({
      length: 1,
    });
  });

  it('are refused by name where they were damaged or removed after their folder was opened', async () => {
    await twelve();
    const split = (await opened()).split('train');
    put('train/ant/4.jpg', jpeg.subarray(0, 60));
    rmSync(join(folder, 'train/ant/6.jpg'));
    const crops = (index: number): Promise<ImageSplit> =>
      augmentedImages(split, [0, index], { ...randomResizedCrop, random: stream(0) });
    await expect(crops(3)).rejects.toThrow(/4\.jpg.*\. It could be read when its folder was opened: put it back\.$/);
    await expect(crops(4)).rejects.toThrow(/6\.jpg.*there is no such file/);
    expect(() => split.image(3)).toThrow(/4\.jpg/);
    expect((await crops(1)).length).toBe(2);
  });

  it('are refused for what is wrong with their folder, in one sentence and before any is read', async () => {
    mkdirSync(folder);
    expect(await problem()).toMatch(/has no classes: expected train\/CLASS/);
    put('train/ant/1.jpg');
    mkdirSync(join(folder, 'train/bee'));
    expect(await problem()).toMatch(/bee is empty: expected photographs of the class "bee"/);
    put('train/bee/1.jpg');
    const classes = join(folder, 'classes.txt');
    writeFileSync(classes, 'ant\ncat\n');
    expect(await problem({ classes })).toMatch(/bee\/1\.jpg is of class "bee", which is not among the 2 classes/);
    writeFileSync(classes, '');
    expect(await problem({ classes })).toMatch(/classes\.txt/);
    symlinkSync(join(root), join(folder, 'train/bee/out.jpg'));
    expect(await problem()).toMatch(/out\.jpg leads out of its folder/);
  });
});

describe('augmentedImages', () => {
  it('cuts random crops from photographs only, and says so', async () => {
    const split = imageSplit(new Uint8Array(12), [1], [3, 2, 2]);
    await expect(augmentedImages(split, [0], { ...randomResizedCrop, random: stream(0) })).rejects.toThrow(
      'expected a folder of photographs for random resized crops, received images of 3×2×2',
    );
    expect(pixelsOf(await augmentedImages(split, [0, 0]))).toEqual(pixelsOf(subset(split, [0, 0])));
  });
});

/** A header that is all there is to it. */
function hugePng(): Buffer {
  const header = Buffer.from('89504e470d0a1a0a0000000d4948445200004e2000004e2008020000000000000000', 'hex');
  header.writeUInt32BE(crc32(header.subarray(12, 29)), 29);
  return Buffer.concat([header, Buffer.from('0000000049454e44ae426082', 'hex')]);
}
