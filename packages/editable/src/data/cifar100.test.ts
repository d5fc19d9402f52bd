import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadDataset } from './load-dataset.js';

const root = mkdtempSync(join(tmpdir(), 'editable-cifar-100-'));
afterAll(() => rmSync(root, { recursive: true }));

const recordBytes = 2 + 3072;

/** Records of a coarse label that must not be taken for the class, and the class. */
function recordsOf(...labels: number[]): Uint8Array {
  const bytes = new Uint8Array(labels.length * recordBytes);
  labels.forEach((label, record) => {
    bytes.fill(label, record * recordBytes, (record + 1) * recordBytes);
    bytes[record * recordBytes] = 19;
  });
  return bytes;
}

function write(train: Uint8Array): string {
  const folder = join(root, 'cifar-100', 'cifar-100-binary');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'train.bin'), train);
  writeFileSync(join(folder, 'test.bin'), recordsOf(7));
  const names = Array.from({ length: 100 }, (_, i) => `class_${i}`);
  writeFileSync(join(folder, 'fine_label_names.txt'), `${names.join('\n')}\n`);
  return folder;
}

describe('cifar-100', () => {
  it('has the fine labels, and pixels after both labels', async () => {
    const folder = write(recordsOf(99, 0, 40));
    const dataset = await loadDataset('cifar-100', { dataDir: root });
    expect({ folder: dataset.folder, classes: dataset.classes.length }).toEqual({ folder, classes: 100 });
    const train = dataset.split('train');
    expect([...train.labels]).toEqual([99, 0, 40]);
    expect(new Set(train.image(2))).toEqual(new Set([40]));
    expect([...dataset.split('test').labels]).toEqual([7]);
  });

  it('refuses a class beyond the hundredth, and files of CIFAR-10', async () => {
    const train = async (bytes: Uint8Array): Promise<unknown> => {
      write(bytes);
      return (await loadDataset('cifar-100', { dataDir: root })).split('train');
    };
    await expect(train(recordsOf(1, 100))).rejects.toThrow('record 1 has 100. Is it a file of CIFAR-100?');
    await expect(train(new Uint8Array(3073))).rejects.toThrow('whole records of 3074 bytes; it has 3073 bytes.');
  });
});
