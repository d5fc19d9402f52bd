import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { decodePhotograph, readPhotograph } from './photograph.js';

const folder = mkdtempSync(join(tmpdir(), 'photograph-'));
afterAll(() => rmSync(folder, { recursive: true }));

const data = process.env.EDITABLE_DATA ?? join(import.meta.dirname, '../../../../../shared/data');
const samples = join(data, 'imagenet-sample-images');

/** 17 × 12 pixels; recorded from torchvision 0.14 and Pillow 9.4: `Compose([Resize(5), CenterCrop(4)])(open(file).convert('RGB'))`. */
const recorded = {
  cmyk: {
    file: '/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAQCwwODAoQDg0OEhEQExgoGhgWFhgxIyUdKDozPTw5Mzg3QEhcTkBEV0U3OFBtUVdfYmdoZz5NcXlwZHhcZWdj/8AAFAgADAARBEMRAE0RAFkRAEsRAP/EABgAAQEBAQEAAAAAAAAAAAAAAAAGBAcF/8QAHxAAAQIHAQEAAAAAAAAAAAAAAAMFAREUFUJSYhIC/9oADgRDAE0AWQBLAAA/AJlmxPCsPBCopezoBeM2IsPBuRbveIKIWHg0WfkHIWbE6JRo6mVu+YRlMF4zYijR1KluQTjKcAUQo0dT16VLUH//2Q==',
    pixels: [
      82, 119, 157, 192, 82, 119, 157, 192, 82, 119, 157, 192, 82, 119, 157, 192, 19, 19, 19, 19, 63, 63, 63, 63, 109,
      109, 109, 109, 159, 159, 159, 159, 6, 8, 9, 13, 17, 25, 32, 41, 31, 43, 56, 70, 44, 63, 82, 101,
    ],
  },
  exif: {
    file: '/9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAMABEDASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAABQYA/8QAHhAAAQMEAwAAAAAAAAAAAAAAAAMEIQUUIjEVUmL/xAAVAQEBAAAAAAAAAAAAAAAAAAACBf/EABwRAAIBBQEAAAAAAAAAAAAAAAACBAEDEhQhMf/aAAwDAQACEQMRAD8AnG9N1iKN6XrEVbIJxAu2bpxBNW7V/QwZzcJ7ivJitt0+ph4lzfc//9k=',
    pixels: [
      84, 112, 146, 184, 90, 120, 155, 193, 87, 119, 154, 193, 86, 119, 155, 194, 18, 22, 25, 22, 58, 62, 65, 62, 106,
      111, 114, 109, 157, 160, 161, 157, 10, 10, 11, 15, 21, 29, 36, 44, 26, 45, 62, 75, 37, 63, 87, 106,
    ],
  },
  grey: {
    file: '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/wAALCAAMABEBAREA/8QAFgABAQEAAAAAAAAAAAAAAAAABAUG/8QAHhAAAQMEAwAAAAAAAAAAAAAAAAMEIQUUIjEVUmL/2gAIAQEAAD8Azjem6xKjel6xF8V5FNkE4grtm6cQMt0+p//Z',
    pixels: [
      37, 47, 59, 70, 63, 76, 88, 99, 91, 106, 120, 130, 122, 137, 151, 163, 37, 47, 59, 70, 63, 76, 88, 99, 91, 106,
      120, 130, 122, 137, 151, 163, 37, 47, 59, 70, 63, 76, 88, 99, 91, 106, 120, 130, 122, 137, 151, 163,
    ],
  },
  rgba: {
    file: 'iVBORw0KGgoAAAANSUhEUgAAABEAAAAMCAYAAACEJVa/AAAASUlEQVR42qXMKRLAIBAAwSGQcIkY/v9WLEVx7IJo2wbgh3TDUQDMlSZ5jnWJPTJInNokeVUWySe2SbyIIAlbwiQuKZI0pUzyUAULPwXeVPyjoQAAAABJRU5ErkJggg==',
    pixels: [
      83, 120, 157, 193, 83, 120, 157, 193, 83, 120, 157, 193, 83, 120, 157, 193, 18, 18, 18, 18, 62, 62, 62, 62, 110,
      110, 110, 110, 158, 158, 158, 158, 5, 7, 9, 12, 17, 25, 32, 40, 31, 44, 58, 71, 44, 63, 83, 102,
    ],
  },
};

describe('readPhotograph', () => {
  it.each(Object.entries(recorded))('gives what torchvision gives: %s', async (_, { file, pixels }) => {
    const photograph = await decodePhotograph(Buffer.from(file, 'base64'), { resize: 5, crop: 4 }, 'photograph');
    expect([...photograph.pixels]).toEqual(pixels);
    expect(photograph.originalSize).toEqual([12, 17]);
  });

  it.skipIf(!existsSync(samples))('gives what torchvision gives for 100 photographs of ImageNet', async () => {
    const files = readdirSync(samples)
      .filter((file) => file.endsWith('.JPEG'))
      .sort();
    const hash = createHash('sha256');
    for (const file of files.filter((_, i) => i % 10 === 0)) {
      hash.update((await readPhotograph(join(samples, file), { resize: 256, crop: 224 })).pixels);
    }
    expect(hash.digest('hex')).toBe('f952adba9e24032d49f1c1de61a06862a693e7a8e3ac048727cdc5bb21a71d65');
  });

  const refusal = (name: string, bytes: Uint8Array): Promise<string> => {
    writeFileSync(join(folder, name), bytes);
    return readPhotograph(join(folder, name), { resize: 8, crop: 8 }).then(
      () => 'read',
      (error: Error) => error.message,
    );
  };

  it('refuses what is no picture, and one that is cut off', async () => {
    const whole = Buffer.from(recorded.exif.file, 'base64');
    expect(await refusal('text.jpg', Buffer.from('no picture'))).toMatch(
      /^Expected .*text\.jpg to be a PNG, JPEG or WebP/,
    );
    expect(await refusal('cut.jpg', whole.subarray(0, whole.length - 40))).toMatch(/^Cannot decode .*cut\.jpg/);
    expect(await refusal('none.jpg', new Uint8Array())).toContain('none.jpg to be a PNG, JPEG or WebP');
  });

  it('refuses a picture of 20,000 × 20,000 before it is decoded', async () => {
    const header = Buffer.from('89504e470d0a1a0a0000000d4948445200004e2000004e2008020000000000000000', 'hex');
    header.writeUInt32BE(crc32(header.subarray(12, 29)), 29);
    const bytes = Buffer.concat([header, Buffer.from(recorded.rgba.file, 'base64').subarray(33)]);
    const before = process.memoryUsage().rss;
    expect(await refusal('huge.png', bytes)).toMatch(/^Cannot decode .*huge\.png \(limit: 50 megapixels\)/);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  });

  it('refuses a crop larger than the scaled picture', async () => {
    await expect(decodePhotograph(new Uint8Array(), { resize: 224, crop: 256 }, 'x')).rejects.toThrow(
      'crop at most resize, received resize 224, crop 256',
    );
  });
});
