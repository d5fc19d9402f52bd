/** JPEGs to read: colours that vary over the picture on three scales, as those of photographs do. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stream } from 'editable';
import sharp from 'sharp';

/** An empty folder that goes when this process does. */
export function madeFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'editable-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * `count` photographs in train/CLASS/, of two classes, and one in val/. A hundred pictures come again and again, each file
 * with a comment of its own.
 */
export async function writePhotographs(folder, count, { width, height }) {
  const pictures = [];
  for (let i = 0; i < Math.min(count, 100); i++) pictures.push(await photograph(i, width, height));
  for (let i = 0; i < count; i++) {
    const picture = pictures[i % pictures.length];
    write(folder, i, Buffer.concat([picture.subarray(0, 2), comment(String(i)), picture.subarray(2)]));
  }
  mkdirSync(join(folder, 'val/even'), { recursive: true });
  writeFileSync(join(folder, 'val/even/0.jpg'), pictures[0]);
}

/** A JPEG segment that decoders pass over. */
function comment(text) {
  const segment = Buffer.from([0xff, 0xfe, 0, 0, ...Buffer.from(text)]);
  segment.writeUInt16BE(segment.length - 2, 2);
  return segment;
}

function write(folder, i, bytes) {
  const place = join(folder, 'train', i % 2 === 0 ? 'even' : 'odd');
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, `${String(i).padStart(6, '0')}.jpg`), bytes);
}

async function photograph(seed, width, height) {
  const random = stream(seed, 'photograph');
  const scales = [];
  for (const [cell, weight] of [
    [48, 0.6],
    [12, 0.25],
    [3, 0.15],
  ]) {
    const [columns, rows] = [Math.ceil(width / cell), Math.ceil(height / cell)];
    const noise = Uint8Array.from({ length: columns * rows * 3 }, () => random.int(256));
    const raw = { width: columns, height: rows, channels: 3 };
    const options = { kernel: 'cubic', fit: 'fill' };
    scales.push({ weight, pixels: await sharp(noise, { raw }).resize(width, height, options).raw().toBuffer() });
  }
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, at) =>
    scales.reduce((sum, scale) => sum + scale.weight * scale.pixels[at], 0),
  );
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90, mozjpeg: false })
    .toBuffer();
}
