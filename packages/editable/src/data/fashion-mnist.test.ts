import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { downloadFashionMnist, fashionMnist } from './fashion-mnist.js';
import { loadDataset } from './load-dataset.js';

const debianFolder = '/usr/share/datasets/fashion-mnist';
const installed = existsSync(debianFolder);
const withData = describe.skipIf(!installed);
if (!installed) console.warn('Skipped: tests on Fashion-MNIST itself need the Debian package dataset-fashion-mnist.');

const root = mkdtempSync(join(tmpdir(), 'editable-fashion-'));
afterAll(() => rmSync(root, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const bigEndian = (value: number) => [0, 0, value >> 8, value & 255];
const idxImages = (count: number, height = 28, width = 28) =>
  Uint8Array.of(
    0,
    0,
    8,
    3,
    ...[count, height, width].flatMap(bigEndian),
    ...new Uint8Array(count * height * width).fill(9),
  );
const idxLabels = (...labels: number[]) => Uint8Array.of(0, 0, 8, 1, ...bigEndian(labels.length), ...labels);

let folders = 0;
function folderWith(files: Record<string, Uint8Array>, under = ''): string {
  const dataDir = join(root, `case-${folders++}`);
  mkdirSync(join(dataDir, under), { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(dataDir, under, name), bytes);
  return dataDir;
}

const small = {
  'train-images-idx3-ubyte': idxImages(3),
  'train-labels-idx1-ubyte': idxLabels(0, 9, 4),
  't10k-images-idx3-ubyte.gz': gzipSync(idxImages(1)),
  't10k-labels-idx1-ubyte.gz': gzipSync(idxLabels(7)),
};

describe('fashionMnist', () => {
  it('reads plain and gzipped files of a data folder', async () => {
    const dataDir = folderWith(small);
    const dataset = await fashionMnist({ dataDir });
    expect(dataset.folder).toBe(dataDir);
    expect([...dataset.split('train').labels]).toEqual([0, 9, 4]);
    expect(dataset.split('test').image(0)).toEqual(new Uint8Array(784).fill(9));
    expect(dataset.split('test')).toBe(dataset.split('test'));
  });

  it('looks in the folder fashion-mnist of a data folder, and in EDITABLE_DATA', async () => {
    const dataDir = folderWith(small, 'fashion-mnist');
    expect((await fashionMnist({ dataDir })).folder).toBe(join(dataDir, 'fashion-mnist'));
    vi.stubEnv('EDITABLE_DATA', dataDir);
    expect((await fashionMnist()).folder).toBe(join(dataDir, 'fashion-mnist'));
    expect((await fashionMnist({ dataDir: folderWith(small) })).folder).not.toBe(join(dataDir, 'fashion-mnist'));
  });

  it('names the data folder that does not exist', async () => {
    await expect(fashionMnist({ dataDir: join(root, 'absent') })).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' });
  });

  it('says which file a folder lacks, rather than mixing folders', async () => {
    const { 'train-labels-idx1-ubyte': _, ...rest } = small;
    const dataset = await fashionMnist({ dataDir: folderWith(rest) });
    expect(() => dataset.split('train')).toThrow('neither train-labels-idx1-ubyte nor train-labels-idx1-ubyte.gz');
  });

  it('refuses labels out of range, counts that differ and images of another size', async () => {
    const broken = async (file: string, bytes: Uint8Array) =>
      (await fashionMnist({ dataDir: folderWith({ ...small, [file]: bytes }) })).split('train');
    await expect(broken('train-labels-idx1-ubyte', idxLabels(0, 10, 4))).rejects.toThrow('label 1 is 10');
    await expect(broken('train-labels-idx1-ubyte', idxLabels(0, 1))).rejects.toThrow('each of the 3 images');
    await expect(broken('train-images-idx3-ubyte', idxImages(3, 8, 8))).rejects.toThrow('they are 8×8');
  });
});

withData('fashionMnist from the Debian package', () => {
  it('holds 60,000 and 10,000 images, as many of each class', async () => {
    vi.stubEnv('EDITABLE_DATA', '');
    const dataset = await loadDataset('fashion-mnist');
    expect(dataset.folder).toBe(debianFolder);
    for (const [which, each] of [
      ['train', 6000],
      ['test', 1000],
    ] as const) {
      const counts = new Array<number>(10).fill(0);
      for (const label of dataset.split(which).labels) counts[label]!++;
      expect(counts).toEqual(new Array(10).fill(each));
    }
    expect(dataset.classes[dataset.split('test').labels[0]!]).toBe('Ankle boot');
  });

  it('has the mean and deviation that its normalisation states', async () => {
    const { normalization, split } = await fashionMnist();
    const train = split('train');
    let [sum, squares] = [0, 0];
    for (let i = 0; i < train.length; i++) {
      for (const pixel of train.image(i)) {
        sum += pixel;
        squares += pixel * pixel;
      }
    }
    const count = train.length * 784;
    const mean = sum / count;
    expect(mean / 255).toBeCloseTo(normalization.mean[0]!, 4);
    expect(Math.sqrt(squares / count - mean * mean) / 255).toBeCloseTo(normalization.std[0]!, 4);
  });
});

withData('downloadFashionMnist', () => {
  let server: Server;
  let place: string;
  let requests: string[] = [];

  // Debian repacked the official files without name and date in the gzip header; with both back they are the official bytes.
  function officialFile(name: string): Buffer {
    const packed = readFileSync(join(debianFolder, name));
    const header = Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]);
    header.writeUInt32LE(name.startsWith('train') ? 1504176606 : 1504176627, 4);
    return Buffer.concat([header, Buffer.from(`${name.replace(/\.gz$/, '')}\0`), packed.subarray(10)]);
  }

  beforeAll(async () => {
    server = createServer((request, response) => {
      requests.push(request.url!);
      const [, kind, name] = request.url!.split('/');
      if (kind === 'official') response.end(officialFile(name!));
      else if (kind === 'damaged') response.end(officialFile(name!).subarray(0, 4000));
      else if (kind === 'cut')
        response.writeHead(200, { 'content-length': 5000 }).write('short', () => response.destroy());
      else response.writeHead(404).end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    place = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());
  afterEach(() => {
    requests = [];
  });

  it('fetches the four official files once, whole, and reads them', async () => {
    const folder = join(root, 'cache');
    await downloadFashionMnist(folder, [`${place}/gone/`, `${place}/official/`]);
    expect(readdirSync(folder)).toEqual(readdirSync(debianFolder));
    expect(requests.length).toBe(8);
    await downloadFashionMnist(folder, [`${place}/official/`]);
    expect(requests.length).toBe(8);
    expect((await fashionMnist({ dataDir: folder })).split('test').length).toBe(10_000);
  });

  it('refuses files of another checksum or cut short, and leaves nothing behind', async () => {
    const folder = join(root, 'refused');
    const places = [`${place}/damaged/`, `${place}/cut/`, `${place}/gone/`, 'http://127.0.0.1:1/'];
    const error = await downloadFashionMnist(folder, places).catch((caught: Error) => caught);
    expect(error).toMatchObject({ code: 'DATA_NOT_FOUND' });
    expect((error as Error).message).toContain('expected MD5 8d4fb7e6c68d591d4c3dfef9ec88bf0d');
    expect((error as Error).message).toContain('HTTP status 404');
    expect(existsSync(folder)).toBe(false);
  });

  it('says that it cannot write, and leaves no part of a file', async () => {
    const notAFolder = join(root, 'a-file');
    writeFileSync(notAFolder, '');
    await expect(downloadFashionMnist(join(notAFolder, 'cache'), [`${place}/official/`])).rejects.toThrow(
      'could not write',
    );
  });
});
