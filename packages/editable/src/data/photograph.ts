/**
 * One photograph as a network's published preprocessing makes it: the short side scaled to `resize`, a square of `crop` cut
 * out of the middle, [3, crop, crop] bytes. This is torchvision's `ImageFolder` with `Resize` and `CenterCrop`: like Pillow's
 * `convert('RGB')`, it leaves the orientation in EXIF and colour profiles aside and drops transparency. On 100 photographs
 * of ImageNet in five sizes (256/224 to 36/32, and enlarged) all pixels equalled torchvision 0.14's over Pillow 9.4, as did
 * the decoded pixels of CMYK, grey, palette and transparent pictures. Where it differs: grey of 16 bits, which Pillow clips.
 * For training, a box cut out at random instead and scaled to `crop`: torchvision's `RandomResizedCrop`.
 */
import { EditableError } from '../errors.js';
import { decodeRgb } from './decode-rgb.js';
import { readEncodedImage } from './encoded-image.js';
import type { RandomStream } from './random.js';
import { checkRandomResizedCrop, cropBox, type RandomResizedCrop } from './random-resized-crop.js';
import { resample, type Size, type Window } from './resample.js';

/** What a network asks of its photographs before they are normalised. */
export interface ResizeAndCrop {
  /** Length of the short side once scaled. */
  readonly resize: number;
  /** Side of the square cut out of the middle; at most `resize`. */
  readonly crop: number;
}

export interface Photograph {
  /** [3, crop, crop] */
  readonly pixels: Uint8Array;
  /** The file's own [height, width], as it lies there. */
  readonly originalSize: readonly [height: number, width: number];
}

/** @throws EditableError INVALID_FILE for a file that is damaged, too large or no picture */
export async function readPhotograph(path: string, preprocessing: ResizeAndCrop): Promise<Photograph> {
  return decodePhotograph(readEncodedImage(path), preprocessing, path);
}

/** The same of a file's bytes; `path` is for the error. */
export async function decodePhotograph(
  bytes: Uint8Array,
  preprocessing: ResizeAndCrop,
  path: string,
): Promise<Photograph> {
  checkPreprocessing(preprocessing);
  const { pixels, size } = await decodeRgb(bytes, path);
  const scaled = scaledSize(size, preprocessing.resize);
  const square = resample(pixels, size, scaled, centre(scaled, preprocessing.crop));
  return { pixels: planes(square, preprocessing.crop, false), originalSize: [size.height, size.width] };
}

/**
 * A random crop scaled to a square, [3, side, side] bytes: a function of the photograph and of `random`.
 *
 * @example await readRandomCrop('cat.jpg', { ...randomResizedCrop, side: 224, random: stream(seed, 'augment', step) })
 * @throws EditableError INVALID_FILE for a file that is damaged above the crop's lower edge, too large or no picture
 */
export async function readRandomCrop(path: string, options: RandomCropOptions): Promise<Uint8Array> {
  return decodeRandomCrop(readEncodedImage(path), options, path);
}

export interface RandomCropOptions extends RandomResizedCrop {
  /** Of the square that the crop is scaled to. */
  readonly side: number;
  readonly random: RandomStream;
}

/** The same of a file's bytes; `path` is for the error. */
export async function decodeRandomCrop(
  bytes: Uint8Array,
  { side, random, ...crop }: RandomCropOptions,
  path: string,
): Promise<Uint8Array> {
  checkRandomResizedCrop(crop);
  checkPreprocessing({ resize: side, crop: side });
  const { pixels, window } = await decodeRgb(bytes, path, (size) => cropBox(size, crop, random));
  const mirrored = random.int(2) === 1 && crop.flip;
  const to = { width: side, height: side };
  return planes(resample(pixels, window, to, { left: 0, top: 0, ...to }), side, mirrored);
}

/** @throws EditableError INVALID_ARGUMENT */
export function checkPreprocessing({ resize, crop }: ResizeAndCrop): void {
  const isSide = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 4096;
  if (isSide(resize) && isSide(crop) && crop <= resize) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `preprocessing: expected whole numbers from 1 to 4096, crop at most resize, received resize ${resize}, crop ${crop}.`,
  );
}

/** The long side is rounded down, as torchvision does. */
function scaledSize({ width, height }: Size, resize: number): Size {
  return width <= height
    ? { width: resize, height: Math.trunc((resize * height) / width) }
    : { width: Math.trunc((resize * width) / height), height: resize };
}

function centre({ width, height }: Size, crop: number): Window {
  return { left: halfToEven(width - crop), top: halfToEven(height - crop), width: crop, height: crop };
}

/** Half of a whole number as Python's `round` gives it. */
const halfToEven = (whole: number): number => (whole % 2 === 0 ? whole / 2 : 2 * Math.round(whole / 4));

/** [side, side, 3] → [3, side, side] */
function planes(interleaved: Uint8Array, side: number, mirrored: boolean): Uint8Array {
  const plane = side * side;
  const image = new Uint8Array(3 * plane);
  const step = mirrored ? -1 : 1;
  let from = 0;
  for (let row = 0; row < plane; row += side) {
    let at = mirrored ? row + side - 1 : row;
    for (let x = 0; x < side; x++, at += step, from += 3) {
      image[at] = interleaved[from]!;
      image[plane + at] = interleaved[from + 1]!;
      image[2 * plane + at] = interleaved[from + 2]!;
    }
  }
  return image;
}
