/**
 * Part of an image scaled with a triangle filter that is widened where the image shrinks (antialiased), rounded to bytes
 * after each of the two passes: Pillow's `resize` with `BILINEAR`, and so torchvision's `Resize` of a picture, to the bit
 * (Pillow, src/libImaging/Resample.c; weights are fixed-point numbers of 22 bits there).
 */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A part of the scaled image; the rest is not computed. */
export interface Window extends Size {
  readonly left: number;
  readonly top: number;
}

const weightBits = 22;
const half = 1 << (weightBits - 1);

/** For one output pixel: the input pixels from `first` on, and their weights, which sum to about 2^22. */
interface Taps {
  readonly first: number;
  readonly weights: Int32Array;
}

/** `pixels`: [H, W, channels] bytes of an image of size `from`; the result is the window of it scaled to size `to`. */
export function resample(pixels: Uint8Array, channels: number, from: Size, to: Size, window: Window): Uint8Array {
  const columns = tapsOf(from.width, to.width, window.left, window.width);
  const rows = tapsOf(from.height, to.height, window.top, window.height);
  const firstRow = rows[0]!.first;
  const lastRow = rows.at(-1)!.first + rows.at(-1)!.weights.length;
  const narrowed = horizontally(
    pixels.subarray(firstRow * from.width * channels, lastRow * from.width * channels),
    channels,
    from.width,
    columns,
  );
  return vertically(narrowed, channels * window.width, rows, firstRow);
}

function tapsOf(from: number, to: number, start: number, count: number): Taps[] {
  const scale = from / to;
  const reach = Math.max(scale, 1);
  return Array.from({ length: count }, (_, i) => {
    if (from === to) return { first: start + i, weights: Int32Array.of(1 << weightBits) };
    const centre = (start + i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const last = Math.min(from, Math.trunc(centre + reach + 0.5));
    const heights = Array.from({ length: last - first }, (_, at) =>
      Math.max(0, 1 - Math.abs((at + first - centre + 0.5) * (1 / reach))),
    );
    const sum = heights.reduce((total, height) => total + height, 0);
    return { first, weights: Int32Array.from(heights, (height) => Math.trunc(0.5 + (height / sum) * 2 ** weightBits)) };
  });
}

/** [rows, width, channels] → [rows, columns, channels] */
function horizontally(pixels: Uint8Array, channels: number, width: number, columns: readonly Taps[]): Uint8Array {
  const rows = pixels.length / (width * channels);
  const narrowed = new Uint8Array(rows * columns.length * channels);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    for (const { first, weights } of columns) {
      const start = (row * width + first) * channels;
      for (let channel = 0; channel < channels; channel++) {
        let sum = half;
        for (let tap = 0; tap < weights.length; tap++) sum += pixels[start + tap * channels + channel]! * weights[tap]!;
        narrowed[at++] = sum >> weightBits;
      }
    }
  }
  return narrowed;
}

/** Rows of `length` bytes, of which the first is the image's row `firstRow`. */
function vertically(pixels: Uint8Array, length: number, rows: readonly Taps[], firstRow: number): Uint8Array {
  const scaled = new Uint8Array(rows.length * length);
  const sums = new Int32Array(length);
  rows.forEach(({ first, weights }, row) => {
    sums.fill(half);
    weights.forEach((weight, tap) => {
      const start = (first - firstRow + tap) * length;
      for (let i = 0; i < length; i++) sums[i]! += pixels[start + i]! * weight;
    });
    for (let i = 0; i < length; i++) scaled[row * length + i] = sums[i]! >> weightBits;
  });
  return scaled;
}
