/** One picture from and to a file: PNG, JPEG or WebP of anyone's making in, the data set's shape out; PNG for reports. */
import sharp, { type OutputInfo } from 'sharp';
import { EditableError } from '../errors.js';
import { maxPixels, readEncodedImage, undecodable } from './encoded-image.js';
import type { ImageShape } from './image-shape.js';

export interface ImageFile {
  /** [C, H, W] */
  readonly pixels: Uint8Array;
  /** The file's own [height, width], upright. */
  readonly originalSize: readonly [height: number, width: number];
  /** Whether it was scaled and centre-cropped to the shape asked for. */
  readonly resized: boolean;
}

export interface EncodeOptions {
  /** Every pixel becomes a square of scale × scale. */
  readonly scale?: number;
}

/**
 * Reads an image file as [C, H, W] bytes: turned upright, transparency on black, grey or RGB by the shape's channels, scaled to
 * cover the shape and cropped around the centre where the size differs. Throws `INVALID_FILE`.
 */
export async function readImageFile(path: string, shape: ImageShape): Promise<ImageFile> {
  const [channels, height, width] = shape;
  if (channels !== 1 && channels !== 3) {
    throw new EditableError('INVALID_ARGUMENT', `readImageFile: expected 1 or 3 channels, received ${channels}.`);
  }
  const bytes = readEncodedImage(path);
  try {
    const upright = await decode(bytes);
    const resized = upright.info.height !== height || upright.info.width !== width;
    const pixels = await toShape(upright, shape);
    return { pixels, originalSize: [upright.info.height, upright.info.width], resized };
  } catch (cause) {
    throw undecodable(path, cause);
  }
}

/** Encodes an image of [C, H, W] bytes as PNG, enlarged without smoothing. */
export async function encodePng(
  image: Uint8Array,
  [channels, height, width]: ImageShape,
  { scale = 1 }: EncodeOptions = {},
): Promise<Buffer> {
  if ((channels !== 1 && channels !== 3) || image.length !== channels * height * width) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `encodePng: expected an image of 1 or 3 channels in ${channels}×${height}×${width} bytes, received ${image.length}.`,
    );
  }
  if (!Number.isInteger(scale) || scale < 1 || scale > 256) {
    throw new EditableError('INVALID_ARGUMENT', `encodePng: expected a whole scale from 1 to 256, received ${scale}.`);
  }
  return sharp(interleave(image, channels), { raw: { width, height, channels } })
    .resize(width * scale, height * scale, { kernel: 'nearest' })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();
}

interface Decoded {
  readonly data: Buffer;
  readonly info: OutputInfo;
}

// Decoded whole before any resizing, so that a picture damaged anywhere is refused.
function decode(bytes: Uint8Array): Promise<Decoded> {
  return sharp(bytes, { limitInputPixels: maxPixels, failOn: 'warning' })
    .autoOrient()
    .flatten({ background: 'black' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
}

async function toShape({ data, info }: Decoded, [channels, height, width]: ImageShape): Promise<Uint8Array> {
  const { data: pixels, info: made } = await sharp(data, { raw: info })
    .resize(width, height, { fit: 'cover' })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return planes(pixels, made.channels, [channels, height, width]);
}

// [H, W, C] → [C, H, W]; a grey file decodes to one channel, which is then repeated.
function planes(interleaved: Uint8Array, given: number, [channels, height, width]: ImageShape): Uint8Array {
  const image = new Uint8Array(channels * height * width);
  const plane = height * width;
  for (let channel = 0; channel < channels; channel++) {
    const source = Math.min(channel, given - 1);
    for (let at = 0; at < plane; at++) image[channel * plane + at] = interleaved[at * given + source]!;
  }
  return image;
}

function interleave(image: Uint8Array, channels: number): Uint8Array {
  const plane = image.length / channels;
  return Uint8Array.from(image, (_, at) => image[(at % channels) * plane + Math.floor(at / channels)]!);
}
