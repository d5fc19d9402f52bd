import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { EditableError } from '../errors.js';
import { parseCifarBatch } from './cifar.js';
import { cifar10, cifar10Layout } from './cifar10.js';
import type { ImageDataset } from './image-dataset.js';

const root = mkdtempSync(join(tmpdir(), 'editable-cifar-'));
afterAll(() => rmSync(root, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const names = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');

function batchOf(...labels: number[]): Uint8Array {
  const bytes = new Uint8Array(labels.length * 3073);
  labels.forEach((label, record) => {
    bytes.fill(record + 1, record * 3073, (record + 1) * 3073);
    bytes[record * 3073] = label;
  });
  return bytes;
}

let folders = 0;
function folderWith(under = '', meta = `${names.join('\n')}\n\n`): string {
  const dataDir = join(root, `case-${folders++}`);
  mkdirSync(join(dataDir, under), { recursive: true });
  for (let batch = 1; batch <= 5; batch++) {
    writeFileSync(join(dataDir, under, `data_batch_${batch}.bin`), batchOf(batch, 0));
  }
  writeFileSync(join(dataDir, under, 'test_batch.bin'), batchOf(9));
  writeFileSync(join(dataDir, under, 'batches.meta.txt'), meta);
  return dataDir;
}

describe('parseCifarBatch', () => {
  it('separates labels from pixels', () => {
    const { labels, pixels } = parseCifarBatch(batchOf(7, 3), { ...cifar10Layout, path: 'batch' });
    expect([...labels]).toEqual([7, 3]);
    expect(pixels).toEqual(Uint8Array.from({ length: 6144 }, (_, at) => (at < 3072 ? 1 : 2)));
  });

  it('refuses files that are no whole records, and labels beyond nine', () => {
    expect(() => parseCifarBatch(batchOf(1).subarray(1), { ...cifar10Layout, path: 'batch' })).toThrow(
      'it has 3072 bytes',
    );
    expect(() => parseCifarBatch(new Uint8Array(), { ...cifar10Layout, path: 'batch' })).toThrow('it has 0 bytes');
    expect(() => parseCifarBatch(batchOf(0, 10), { ...cifar10Layout, path: 'batch' })).toThrow('record 1 has 10');
  });
});

describe('cifar10', () => {
  it.each(['', 'cifar-10', 'cifar-10-batches-bin'])('finds the batches in %j of a data folder', async (under) => {
    const dataDir = folderWith(under);
    const dataset = await cifar10({ dataDir });
    expect(dataset.folder).toBe(join(dataDir, under));
    expect(dataset.classes).toEqual(names);
    expect([...dataset.split('train').labels]).toEqual([1, 0, 2, 0, 3, 0, 4, 0, 5, 0]);
    expect([...dataset.split('test').labels]).toEqual([9]);
  });

  it('finds them under EDITABLE_DATA, the data folder first', async () => {
    vi.stubEnv('EDITABLE_DATA', folderWith('cifar-10'));
    expect((await cifar10()).folder).toBe(join(process.env.EDITABLE_DATA!, 'cifar-10'));
    const dataDir = folderWith();
    expect((await cifar10({ dataDir })).folder).toBe(dataDir);
  });

  it('says where it looked', async () => {
    vi.stubEnv('EDITABLE_DATA', '');
    const error = await cifar10({ dataDir: root }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(EditableError);
    expect(error).toMatchObject({ code: 'DATA_NOT_FOUND' });
    expect((error as Error).message).toContain(`is not in ${root}, ${join(root, 'cifar-10')},`);
    await expect(cifar10()).rejects.toThrow(
      'CIFAR-10 has no folder to be looked for in. Unpack cifar-10-binary.tar.gz',
    );
  });

  it('refuses a list of classes that is none', async () => {
    await expect(cifar10({ dataDir: folderWith('', 'one\ntwo\n') })).rejects.toThrow('has 2 lines');
    await expect(cifar10({ dataDir: folderWith('', names.join('\u0007\n')) })).rejects.toThrow('they are no names');
  });

  it('names the missing batch', async () => {
    const dataDir = folderWith();
    rmSync(join(dataDir, 'data_batch_3.bin'));
    const dataset = await cifar10({ dataDir });
    expect(() => dataset.split('train')).toThrow('not data_batch_3.bin');
  });
});

const real: ImageDataset | undefined = await cifar10().catch(() => undefined);
if (!real) console.warn('Skipped: tests on CIFAR-10 itself need EDITABLE_DATA to name the folder that holds it.');

describe.skipIf(!real)('cifar10, the real one', () => {
  it('holds 50,000 and 10,000 images, as many of each class', () => {
    for (const [which, each] of [
      ['train', 5000],
      ['test', 1000],
    ] as const) {
      const counts = new Array<number>(10).fill(0);
      for (const label of real!.split(which).labels) counts[label]!++;
      expect(counts).toEqual(new Array(10).fill(each));
    }
  });

  it('has the means and deviations that its normalisation states', () => {
    const train = real!.split('train');
    const count = train.length * 1024;
    for (let channel = 0; channel < 3; channel++) {
      let [sum, squares] = [0, 0];
      for (let i = 0; i < train.length; i++) {
        for (const pixel of train.image(i).subarray(channel * 1024, (channel + 1) * 1024)) {
          sum += pixel;
          squares += pixel * pixel;
        }
      }
      const mean = sum / count;
      expect(Math.abs(mean / 255 - real!.normalization.mean[channel]!)).toBeLessThan(1e-4);
      const std = Math.sqrt(squares / count - mean * mean) / 255;
      expect(Math.abs(std - real!.normalization.std[channel]!)).toBeLessThan(1e-4);
    }
  });
});
