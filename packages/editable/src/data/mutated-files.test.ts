/** Mutated files through every parser of this folder: each parses, or is refused with INVALID_FILE; nothing else happens. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { EditableError } from '../errors.js';
import { parseCifarBatch } from './cifar.js';
import { cifar10Layout } from './cifar10.js';
import { parseIdx, readIdx } from './idx.js';
import { readImageFile } from './image-file.js';
import { readManifest } from './manifest.js';
import { type RandomStream, stream } from './random.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-mutated-'));
const path = join(folder, 'mutated');
afterAll(() => rmSync(folder, { recursive: true }));

/** Cuts, lengthens, overwrites, or flips bits: one to four times, mostly near the start, where headers are. */
function mutated(original: Uint8Array, random: RandomStream): Uint8Array {
  let bytes = Uint8Array.from(original);
  for (let times = 1 + random.int(4); times > 0 && bytes.length > 0; times--) {
    const at = random.int(random.int(2) === 0 ? Math.min(64, bytes.length) : bytes.length);
    const kind = random.int(5);
    if (kind === 0) bytes = bytes.slice(0, at);
    else if (kind === 1) bytes = Uint8Array.of(...bytes, ...bytes.subarray(0, at));
    else if (kind === 2) bytes[at] = random.int(256);
    else if (kind === 3) bytes[at]! ^= 1 << random.int(8);
    else bytes.fill(random.int(2) * 255, at, at + 1 + random.int(8));
  }
  return bytes;
}

interface Outcomes {
  parsed: number;
  refused: number;
}

/** Runs `parse` on `count` mutations; anything but a result or INVALID_FILE is thrown on. */
async function outcomes(original: Uint8Array, count: number, parse: (bytes: Uint8Array) => unknown): Promise<Outcomes> {
  const outcome = { parsed: 0, refused: 0 };
  for (let i = 0; i < count; i++) {
    try {
      await parse(mutated(original, stream(i, 'mutated')));
      outcome.parsed++;
    } catch (error) {
      if (!(error instanceof EditableError) || error.code !== 'INVALID_FILE') throw error;
      expect(error.message).not.toContain('\n');
      outcome.refused++;
    }
  }
  return outcome;
}

const fromFile = (read: () => unknown) => (bytes: Uint8Array) => {
  writeFileSync(path, bytes);
  return read();
};

describe('mutated files', () => {
  const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 4, ...new Uint8Array(32).fill(7));
  const photograph = sharp(
    Uint8Array.from({ length: 3072 }, (_, at) => (at * at) % 256),
    {
      raw: { width: 32, height: 32, channels: 3 },
    },
  );

  it('IDX: 2,000 parse or are refused', async () => {
    const { parsed, refused } = await outcomes(images, 2000, (bytes) => parseIdx(bytes, { rank: 3, path }));
    expect(parsed + refused).toBe(2000);
    expect(Math.min(parsed, refused)).toBeGreaterThan(100);
  });

  it('gzipped IDX: 1,000 parse or are refused', async () => {
    const { parsed, refused } = await outcomes(
      gzipSync(images),
      1000,
      fromFile(() => readIdx(path, { rank: 3 })),
    );
    expect(parsed + refused).toBe(1000);
    expect(refused).toBeGreaterThan(500);
  });

  it('CIFAR-10 batches: 1,000 parse or are refused', async () => {
    const { parsed, refused } = await outcomes(new Uint8Array(3 * 3073).fill(3), 1000, (bytes) =>
      parseCifarBatch(bytes, { ...cifar10Layout, path }),
    );
    expect(parsed + refused).toBe(1000);
    expect(Math.min(parsed, refused)).toBeGreaterThan(100);
  });

  it('manifests: 400 parse or are refused', async () => {
    const manifest = join(folder, 'manifest.csv');
    const text = 'path,label,split\n"a, b.jpg","an ""ant""",train\n"two\nlines.jpg",bee,val\nlast.jpg,cat,test\n';
    const { parsed, refused } = await outcomes(Buffer.from(text), 400, (bytes) => {
      writeFileSync(manifest, bytes);
      return readManifest(manifest);
    });
    expect(parsed + refused).toBe(400);
    expect(Math.min(parsed, refused)).toBeGreaterThan(50);
  });

  it.each(['png', 'jpeg', 'webp'] as const)('%s: 350 decode or are refused', async (format) => {
    const original = await photograph.clone().toFormat(format).toBuffer();
    const { parsed, refused } = await outcomes(
      original,
      350,
      fromFile(() => readImageFile(path, [3, 32, 32])),
    );
    expect(parsed + refused).toBe(350);
    expect(refused).toBeGreaterThan(50);
  });
});
