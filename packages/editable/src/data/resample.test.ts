import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resample } from './resample.js';

const size = { width: 5, height: 4 };
const pixels = Uint8Array.from({ length: 5 * 4 * 3 }, (_, at) => (at * 37) % 256);

/** Recorded from Pillow 9.4: `Image.fromarray(pixels).resize((width, height), Image.BILINEAR)`. */
const smaller = [79, 116, 137, 115, 91, 120, 150, 124, 99, 146, 136, 126, 121, 134, 122, 113, 129, 119];
const larger = [
  0, 37, 74, 63, 100, 137, 143, 107, 144, 222, 3, 40, 118, 82, 119, 125, 162, 89, 188, 225, 6, 22, 59, 96, 85, 122, 159,
  128, 129, 166, 116, 25, 62, 103, 104, 141, 147, 129, 111, 210, 119, 28, 50, 87, 124, 113, 150, 163, 120, 157, 164, 16,
  53, 90, 95, 132, 169, 157, 102, 139, 195, 19, 56, 79, 116, 153, 142, 179, 94, 149, 186, 70, 45, 82, 119, 124, 161,
  198, 112, 131, 168, 54, 48, 85, 108, 145, 182, 171, 135, 99, 178, 123, 69, 74, 111, 148, 153, 190, 135, 123, 160, 124,
  40, 77, 114, 129, 166, 203, 192, 83, 120, 199, 53, 90, 95, 132, 169, 174, 211, 65, 144, 181, 72, 61, 98, 135,
];

describe('resample', () => {
  it('gives what Pillow gives, smaller and larger', () => {
    const whole = (width: number, height: number) => ({ left: 0, top: 0, width, height });
    expect([...resample(pixels, size, { width: 3, height: 2 }, whole(3, 2))]).toEqual(smaller);
    expect([...resample(pixels, size, { width: 7, height: 6 }, whole(7, 6))]).toEqual(larger);
  });

  it('gives of a window what the whole has there', () => {
    const window = resample(pixels, size, { width: 7, height: 6 }, { left: 2, top: 3, width: 4, height: 2 });
    const rows = [3, 4].flatMap((row) => larger.slice((row * 7 + 2) * 3, (row * 7 + 6) * 3));
    expect([...window]).toEqual(rows);
  });

  it('takes an image larger than it copies at once', () => {
    const [from, to] = [
      { width: 30_000, height: 50 },
      { width: 3, height: 2 },
    ];
    const wide = new Uint8Array(30_000 * 50 * 3).fill(100);
    wide.fill(200, wide.length / 2);
    const scaled = resample(wide, from, to, { left: 0, top: 0, ...to });
    expect([scaled[0]! > 95, scaled[0]! < 130, scaled[17]! > 170, scaled.length]).toEqual([true, true, true, 18]);
  });

  it('runs the program that codegen/resample.wat says', () => {
    const generate = fileURLToPath(new URL('../../codegen/generate.mjs', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [generate, '--check'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('leaves an image of the right size as it is', () => {
    expect(resample(pixels, size, size, { left: 0, top: 0, ...size })).toEqual(pixels);
  });
});
