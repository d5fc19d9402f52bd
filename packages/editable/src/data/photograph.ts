/**
 * One photograph as a network's published preprocessing makes it: the short side scaled to `resize`, a square of `crop` cut
 * out of the middle, [3, crop, crop] bytes. This is torchvision's `ImageFolder` with `Resize` and `CenterCrop`: like Pillow's
 * `convert('RGB')`, it leaves the orientation in EXIF and colour profiles aside and drops transparency. On 100 photographs
 * of ImageNet in five sizes (256/224 to 36/32, and enlarged) all pixels equalled torchvision 0.14's over Pillow 9.4, as did
 * the decoded pixels of CMYK, grey, palette and transparent pictures. Where it differs: grey of 16 bits, which Pillow clips.
 */
import sharp, { type OutputInfo } from 'sharp';
import { EditableError } from '../errors.js';
import { maxPixels, readEncodedImage, undecodable } from './encoded-image.js';
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
  const { data, info } = await decode(bytes).catch((cause: unknown) => {
    throw undecodable(path, cause);
  });
  const scaled = scaledSize(info, preprocessing.resize);
  const window = centre(scaled, preprocessing.crop);
  const square = resample(toRgb(data, info.channels), info, scaled, window);
  return { pixels: planes(square), originalSize: [info.height, info.width] };
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

interface Decoded {
  readonly data: Buffer;
  readonly info: OutputInfo;
}

/** Decoded whole, so that a picture damaged anywhere is refused, and never scaled by the decoder. */
async function decode(bytes: Uint8Array): Promise<Decoded> {
  const image = sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error', ignoreIcc: true });
  const { space } = await image.metadata();
  const raw =
    space === 'cmyk'
      ? image.pipelineColourspace('cmyk').toColourspace('cmyk')
      : image.removeAlpha().toColourspace('srgb');
  return raw.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
}

/** [H, W, 1, 3 or 4] → [H, W, 3]; four are cyan, magenta, yellow and black, mixed as Pillow does. */
function toRgb(pixels: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return pixels;
  const rgb = new Uint8Array((pixels.length / channels) * 3);
  for (let from = 0, to = 0; from < pixels.length; from += channels, to += 3) {
    for (let channel = 0; channel < 3; channel++) {
      if (channels < 3) rgb[to + channel] = pixels[from]!;
      else {
        const light = 255 - pixels[from + 3]!;
        rgb[to + channel] = Math.max(0, light - Math.round((pixels[from + channel]! * light) / 255));
      }
    }
  }
  return rgb;
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

/** [H, W, 3] → [3, H, W] */
function planes(interleaved: Uint8Array): Uint8Array {
  const plane = interleaved.length / 3;
  const image = new Uint8Array(interleaved.length);
  for (let at = 0; at < plane; at++) {
    for (let channel = 0; channel < 3; channel++) image[channel * plane + at] = interleaved[3 * at + channel]!;
  }
  return image;
}
