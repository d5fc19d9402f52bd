/**
 * Random crops of photographs beside torchvision's RandomResizedCrop over Pillow: the same draws give the same box, and the
 * same box the same bytes. Skipped where Python has no torchvision.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cropBox, randomResizedCrop, readRandomCrop, stream } from 'editable';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasTorchvision, python, why } from '../torchvision.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-crops-'));
afterAll(() => rmSync(folder, { recursive: true }));
const samples = join(
  process.env.EDITABLE_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url)),
  'imagenet-sample-images',
);

interface Asked {
  readonly boxes?: readonly object[];
  readonly crops?: readonly object[];
}

function torchvision(asked: Asked): { boxes: number[][]; crops: string[] } {
  const script = fileURLToPath(new URL('photographs.py', import.meta.url));
  return JSON.parse(execFileSync(python, [script], { input: JSON.stringify(asked), encoding: 'utf8' }));
}

/** Smooth colours with noise, as photographs have. */
function noise(width: number, height: number, channels: 1 | 3 | 4): Sharp {
  const random = stream(1, 'pixels', width, height, channels);
  const pixels = Uint8Array.from(
    { length: width * height * channels },
    (_, at) => 100 + 80 * Math.sin(at / 301) + random.int(60),
  );
  return sharp(pixels, { raw: { width, height, channels } });
}

describe.skipIf(!hasTorchvision)(`cropBox${why}`, () => {
  it('gives the box that RandomResizedCrop gives for the same draws: 2,000, of six sizes', () => {
    const sizes = [
      [500, 375],
      [224, 224],
      [37, 500],
      [500, 37],
      [3, 2],
      [640, 361],
    ] as const;
    const cases = Array.from({ length: 2000 }, (_, i) => {
      const [width, height] = sizes[i % 6] as readonly [number, number];
      const random = stream(i, 'box');
      const draws: number[] = [];
      const kept = (draw: number): number => {
        draws.push(draw);
        return draw;
      };
      const box = cropBox({ width, height }, randomResizedCrop, {
        uniform: (low, high) => low + (high - low) * kept(random.float()),
        int: (below) => kept(random.int(below)),
      });
      const { scale, ratio } = randomResizedCrop;
      return { box: [box.top, box.left, box.height, box.width], asked: { width, height, scale, ratio, draws } };
    });
    expect(cases.map(({ box }) => box)).toEqual(torchvision({ boxes: cases.map(({ asked }) => asked) }).boxes);
  });
});

describe.skipIf(!hasTorchvision)(`readRandomCrop${why}`, () => {
  const files: { readonly file: string; readonly width: number; readonly height: number }[] = [];

  beforeAll(async () => {
    const put = async (name: string, image: Sharp): Promise<void> => {
      const file = join(folder, name);
      writeFileSync(file, await image.toBuffer());
      const { width, height } = await sharp(file).metadata();
      files.push({ file, width, height });
    };
    await put('colour.jpg', noise(331, 250, 3).jpeg());
    await put('progressive.jpg', noise(250, 331, 3).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }));
    await put(
      'turned.jpg',
      noise(300, 200, 3)
        .withExif({ IFD0: { Orientation: '6' } })
        .jpeg(),
    );
    await put('grey.jpg', noise(120, 90, 1).toColourspace('b-w').jpeg());
    await put('cmyk.jpg', noise(200, 150, 3).toColourspace('cmyk').jpeg());
    await put('wide.png', noise(400, 40, 3).png());
    await put('transparent.png', noise(60, 80, 4).png());
    await put('colour.webp', noise(210, 160, 3).webp({ lossless: true }));
    if (!existsSync(samples)) return;
    for (const name of readdirSync(samples)
      .filter((each) => each.endsWith('.JPEG'))
      .slice(0, 30)) {
      const file = join(samples, name);
      const { width, height } = await sharp(file).metadata();
      files.push({ file, width, height });
    }
  });

  it('gives what resized_crop and hflip give for the same box, byte for byte', async () => {
    const cases = files.flatMap(({ file, width, height }) =>
      [0, 1, 2].map((n) => {
        const random = stream(n, file.split('/').at(-1) as string);
        const { top, left, ...box } = cropBox({ width, height }, randomResizedCrop, random);
        const mirrored = random.int(2) === 1;
        return {
          file,
          n,
          asked: { file, box: [top, left, box.height, box.width], side: n === 2 ? 31 : 224, mirrored },
        };
      }),
    );
    const hashes = await Promise.all(
      cases.map(async ({ file, n, asked: { side } }) => {
        const random = stream(n, file.split('/').at(-1) as string);
        const pixels = await readRandomCrop(file, { ...randomResizedCrop, side, random });
        return createHash('sha256').update(pixels).digest('hex');
      }),
    );
    const { crops } = torchvision({ crops: cases.map(({ asked }) => asked) });
    expect(cases.filter((_, i) => hashes[i] !== crops[i]).map(({ file, n }) => `${file} ${n}`)).toEqual([]);
    expect(new Set(cases.map(({ asked }) => asked.mirrored)).size).toBe(2);
  });
});
