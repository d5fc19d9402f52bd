/**
 * Part of an image scaled with a triangle filter that is widened where the image shrinks (antialiased), rounded to bytes
 * after each of the two passes: Pillow's `resize` with `BILINEAR`, and so torchvision's `Resize` of a picture, to the bit
 * (Pillow, src/libImaging/Resample.c; weights are fixed-point numbers of 22 bits there). The passes are WebAssembly
 * (codegen/resample.wat), about twice as fast as flat loops in JavaScript, and more where an image shrinks.
 */
import { resampleKernel } from './resample-kernel.generated.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A part of an image. */
export interface Window extends Size {
  readonly left: number;
  readonly top: number;
}

/** `pixels`: [H, W, 3] bytes of an image of size `from`; the result is the window of it scaled to size `to`, [h, w, 3]. */
export function resample(pixels: Uint8Array, from: Size, to: Size, window: Window): Uint8Array {
  const columns = tapsOf(from.width, to.width, window.left, window.width);
  const rows = tapsOf(from.height, to.height, window.top, window.height);
  const length = 3 * window.width;
  const height = rows.last - rows.first;
  const places = placesFor(columns, rows, { length, height, rowBytes: 3 * (columns.last - columns.first) });
  const { exports } = kernel();
  writeTaps(places.columns, columns, 3);
  for (let row = 0; row < height; row += places.atOnce) {
    const some = Math.min(places.atOnce, height - row);
    copyRows(pixels, { from, columns, row: rows.first + row, count: some, place: places.source });
    const target = places.narrowed + row * length;
    const { source, rowBytes } = places;
    exports.horizontally(source, rowBytes, some, places.columns, recordOf(columns), window.width, target);
  }
  writeTaps(places.rows, rows, length);
  exports.vertically(places.narrowed, length, places.rows, recordOf(rows), window.height, places.target);
  return new Uint8Array(exports.memory.buffer, places.target, window.height * length).slice();
}

/** For each output pixel of a pass, the input pixels that it is a sum of. */
interface Taps {
  /** The first input pixel of all, and the one after the last. */
  readonly first: number;
  readonly last: number;
  /** Weights that there is room for, of each. */
  readonly most: number;
  /** Of each output pixel: the first input pixel, how many, and their weights, which sum to about 2^22. */
  readonly records: Int32Array;
}

const weightBits = 22;

function tapsOf(from: number, to: number, start: number, count: number): Taps {
  const scale = from / to;
  const reach = Math.max(scale, 1);
  const most = from === to ? 1 : Math.ceil(reach) * 2 + 1;
  const records = new Int32Array(count * (2 + most));
  const heights = new Float64Array(most);
  for (let i = 0; i < count; i++) {
    const at = i * (2 + most);
    if (from === to) {
      records.set([start + i, 1, 1 << weightBits], at);
      continue;
    }
    const centre = (start + i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const taps = Math.min(from, Math.trunc(centre + reach + 0.5)) - first;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      heights[tap] = Math.max(0, 1 - Math.abs((tap + first - centre + 0.5) * (1 / reach)));
      sum += heights[tap]!;
    }
    records.set([first, taps], at);
    for (let tap = 0; tap < taps; tap++)
      records[at + 2 + tap] = Math.trunc(0.5 + (heights[tap]! / sum) * 2 ** weightBits);
  }
  const end = (count - 1) * (2 + most);
  return { first: records[0]!, last: records[end]! + records[end + 1]!, most, records };
}

const recordOf = ({ most }: Taps): number => 4 * (2 + most);

/** Rows go through the first pass so many bytes at once, whatever the image's size. */
const stripBytes = 2 ** 20;
/** What the passes may read or write past an array's end, and the arrays' alignment. */
const room = 16;

interface Places {
  readonly columns: number;
  readonly rows: number;
  readonly source: number;
  readonly rowBytes: number;
  /** Rows of the source that there is room for. */
  readonly atOnce: number;
  readonly narrowed: number;
  readonly target: number;
}

/** Where each array lies in the kernel's memory, which grows where it has to. */
function placesFor(
  columns: Taps,
  rows: Taps,
  { length, height, rowBytes }: { readonly length: number; readonly height: number; readonly rowBytes: number },
): Places {
  const atOnce = Math.max(1, Math.min(height, Math.floor(stripBytes / rowBytes)));
  let end = 0;
  const place = (bytes: number): number => {
    const start = end;
    end += Math.ceil((bytes + room) / room) * room;
    return start;
  };
  const places = {
    columns: place(columns.records.byteLength),
    rows: place(rows.records.byteLength),
    source: place(atOnce * rowBytes),
    rowBytes,
    atOnce,
    narrowed: place(height * length),
    target: place((rows.records.length / (2 + rows.most)) * length),
  };
  const { memory } = kernel().exports;
  const missing = end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
  return places;
}

/** `unit`: bytes from one input pixel to the next. */
function writeTaps(place: number, { first, most, records }: Taps, unit: number): void {
  const written = new Int32Array(kernel().exports.memory.buffer, place, records.length);
  written.set(records);
  for (let at = 0; at < written.length; at += 2 + most) written[at] = (written[at]! - first) * unit;
}

interface Strip {
  readonly from: Size;
  readonly columns: Taps;
  readonly row: number;
  readonly count: number;
  readonly place: number;
}

/** Of each row only the columns that the first pass reads. */
function copyRows(pixels: Uint8Array, { from, columns, row, count, place }: Strip): void {
  const memory = new Uint8Array(kernel().exports.memory.buffer);
  const bytes = 3 * (columns.last - columns.first);
  for (let i = 0; i < count; i++) {
    const start = 3 * ((row + i) * from.width + columns.first);
    memory.set(pixels.subarray(start, start + bytes), place + i * bytes);
  }
}

interface Kernel {
  readonly exports: {
    readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
    horizontally(
      source: number,
      stride: number,
      rows: number,
      taps: number,
      record: number,
      columns: number,
      target: number,
    ): void;
    vertically(source: number, length: number, taps: number, record: number, rows: number, target: number): void;
  };
}

/** WebAssembly as far as it is used here: neither ES2023's nor Node 20's types know of it. */
interface WebAssemblyModules {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => Kernel;
}

let compiled: Kernel | undefined;

function kernel(): Kernel {
  const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyModules }).WebAssembly;
  compiled ??= new Instance(new Module(Buffer.from(resampleKernel, 'base64')));
  return compiled;
}
