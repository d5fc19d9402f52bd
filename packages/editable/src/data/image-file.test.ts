import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { encodePng, readImageFile } from './image-file.js';
import type { ImageShape } from './image-shape.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-image-'));
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const grey: ImageShape = [1, 28, 28];
const colour: ImageShape = [3, 32, 32];
const greyImage = Uint8Array.from({ length: 784 }, (_, at) => (at * 7) % 256);
const colourImage = Uint8Array.from({ length: 3072 }, (_, at) => (at * 11) % 256);

describe('readImageFile', () => {
  it('gives back exactly what encodePng wrote, grey and colour', async () => {
    const greyFile = await readImageFile(written('grey.png', await encodePng(greyImage, grey)), grey);
    expect(greyFile).toEqual({ pixels: greyImage, originalSize: [28, 28], resized: false });
    const colourFile = await readImageFile(written('colour.png', await encodePng(colourImage, colour)), colour);
    expect(colourFile.pixels).toEqual(colourImage);
  });

  it.each(['png', 'jpeg', 'webp'] as const)('reads %s, resizes, and says so', async (format) => {
    const red = sharp({ create: { width: 60, height: 40, channels: 3, background: { r: 250, g: 10, b: 20 } } });
    const path = written(`red.${format}`, await red.toFormat(format).toBuffer());
    const { pixels, originalSize, resized } = await readImageFile(path, colour);
    expect([originalSize, resized]).toEqual([[40, 60], true]);
    [250, 10, 20].forEach((value, channel) => {
      expect(Math.abs(pixels[channel * 1024 + 500]! - value)).toBeLessThan(6);
    });
  });

  it('turns colour into grey and repeats grey for colour', async () => {
    const white = sharp({ create: { width: 28, height: 28, channels: 3, background: 'white' } });
    expect((await readImageFile(written('white.png', await white.png().toBuffer()), grey)).pixels).toEqual(
      new Uint8Array(784).fill(255),
    );
    const path = written('repeat.png', await encodePng(greyImage, grey));
    const { pixels } = await readImageFile(path, [3, 28, 28]);
    for (const channel of [0, 1, 2]) expect(pixels.slice(channel * 784, (channel + 1) * 784)).toEqual(greyImage);
  });

  it('puts transparency on black', async () => {
    const clear = sharp({
      create: { width: 28, height: 28, channels: 4, background: { r: 255, g: 255, b: 255, alpha: 0 } },
    });
    const { pixels } = await readImageFile(written('clear.png', await clear.png().toBuffer()), grey);
    expect(pixels).toEqual(new Uint8Array(784));
  });

  it('reads 16-bit grey as its upper bytes', async () => {
    const deep = Uint16Array.from({ length: 784 }, () => 0x8080);
    const png = await sharp(deep, { raw: { width: 28, height: 28, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    const { pixels } = await readImageFile(written('deep.png', png), grey);
    for (const pixel of pixels) expect(Math.abs(pixel - 128)).toBeLessThanOrEqual(1);
  });

  it('crops around the centre where the proportions differ', async () => {
    // Left quarter and right quarter black, the middle square white.
    const wide = Uint8Array.from({ length: 32 * 64 }, (_, at) => (at % 64 >= 16 && at % 64 < 48 ? 255 : 0));
    const path = written('wide.png', await encodePng(wide, [1, 32, 64]));
    expect(new Set((await readImageFile(path, [1, 32, 32])).pixels)).toEqual(new Set([255]));
  });

  it('turns a photograph upright', async () => {
    const stripe = sharp({ create: { width: 20, height: 10, channels: 3, background: 'white' } });
    const path = written('turned.jpg', await stripe.withMetadata({ orientation: 6 }).jpeg().toBuffer());
    expect((await readImageFile(path, colour)).originalSize).toEqual([20, 10]);
  });

  it('refuses, in one sentence, what is truncated, foreign, absent, a folder or too large', async () => {
    const png = await encodePng(colourImage, colour);
    const huge = await sharp({ create: { width: 10_000, height: 6000, channels: 3, background: 'white' } })
      .png()
      .toBuffer();
    const cases: [string, string][] = [
      [written('cut.png', png.subarray(0, png.length / 2)), 'Cannot decode'],
      [written('cut.jpg', (await sharp(png).jpeg().toBuffer()).subarray(0, 400)), 'Cannot decode'],
      [written('foreign.png', 'not a picture'), 'PNG, JPEG or WebP'],
      [written('vector.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), 'PNG, JPEG or WebP'],
      [written('empty.png', ''), 'PNG, JPEG or WebP'],
      [join(folder, 'absent.png'), 'there is no such file'],
      [folder, 'it is a folder'],
      [written('huge.png', huge), 'limit: 50 megapixels'],
    ];
    for (const [path, sentence] of cases) {
      const error = (await readImageFile(path, colour).catch((caught: Error) => caught)) as Error;
      expect(error).toMatchObject({ code: 'INVALID_FILE' });
      expect(error.message).toContain(sentence);
      expect(error.message).toContain(path);
      expect(error.message).not.toContain('\n');
    }
  });
});

describe('encodePng', () => {
  it('enlarges every pixel to a square, without smoothing', async () => {
    const png = await encodePng(Uint8Array.of(0, 255, 255, 0), [1, 2, 2], { scale: 3 });
    const { data, info } = await sharp(png).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([6, 6]);
    expect([...data.subarray(0, 6)]).toEqual([0, 0, 0, 255, 255, 255]);
    expect([...data.subarray(30, 36)]).toEqual([255, 255, 255, 0, 0, 0]);
  });

  it('refuses bytes that do not fit the shape and scales that are no whole number', async () => {
    await expect(encodePng(new Uint8Array(5), [1, 2, 2])).rejects.toThrow('1×2×2 bytes, received 5');
    await expect(encodePng(new Uint8Array(4), [1, 2, 2], { scale: 1.5 })).rejects.toThrow('received 1.5');
  });
});
