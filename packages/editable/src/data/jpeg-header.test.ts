import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { jpegHeader } from './jpeg-header.js';
import { stream } from './random.js';

const image = () => sharp({ create: { width: 37, height: 21, channels: 3, background: '#456' } });

describe('jpegHeader', () => {
  it('finds size and components behind other segments, of baseline and progressive files', async () => {
    const plain = await image().jpeg().toBuffer();
    const progressive = await image()
      .withExif({ IFD0: { Artist: 'x'.repeat(3000) } })
      .jpeg({ progressive: true })
      .toBuffer();
    const grey = await image().toColourspace('b-w').jpeg().toBuffer();
    expect(jpegHeader(plain)).toEqual({ width: 37, height: 21, components: 3 });
    expect(jpegHeader(progressive)).toEqual({ width: 37, height: 21, components: 3 });
    expect(jpegHeader(grey)).toEqual({ width: 37, height: 21, components: 1 });
    const filled = Buffer.concat([plain.subarray(0, 2), Buffer.from([0xff, 0xff]), plain.subarray(2)]);
    expect(jpegHeader(filled)).toEqual({ width: 37, height: 21, components: 3 });
  });

  it('finds none in other files, in a part of one, and in 5,000 damaged ones where there is none', async () => {
    const jpeg = await image().jpeg().toBuffer();
    expect(jpegHeader(await image().png().toBuffer())).toBeUndefined();
    expect(jpegHeader(jpeg.subarray(0, 100))).toBeUndefined();
    expect(jpegHeader(new Uint8Array())).toBeUndefined();
    const found = Array.from({ length: 5000 }, (_, i) => {
      const random = stream(i, 'damaged');
      const bytes = Uint8Array.from(jpeg.subarray(0, random.int(jpeg.length + 1)));
      for (let n = 0; n < 5 && bytes.length > 0; n++) bytes[random.int(bytes.length)] = random.int(256);
      return jpegHeader(bytes);
    });
    for (const header of found) if (header !== undefined) expect(header.width * header.height).toBeGreaterThan(0);
    expect(found.filter((each) => each === undefined).length).toBeGreaterThan(500);
  });
});
