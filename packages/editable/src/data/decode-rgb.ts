/** A photograph's pixels, or those of a part of it, as RGB bytes: what Pillow's `convert('RGB')` gives. */
import sharp, { type Sharp } from 'sharp';
import { maxPixels, undecodable } from './encoded-image.js';
import { jpegHeader } from './jpeg-header.js';
import type { Size, Window } from './resample.js';

export interface RgbPixels {
  /** [window.height, window.width, 3] */
  readonly pixels: Uint8Array;
  readonly window: Window;
  /** Of the whole photograph. */
  readonly size: Size;
}

/**
 * Decodes never scaled, and nothing below the window. Whole, so that a picture damaged anywhere is refused, where no window
 * is chosen. `path` is for the error.
 *
 * @throws EditableError INVALID_FILE
 */
export async function decodeRgb(
  bytes: Uint8Array,
  path: string,
  windowOf: (size: Size) => Window = (size) => ({ left: 0, top: 0, ...size }),
): Promise<RgbPixels> {
  try {
    const image = sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error', ignoreIcc: true });
    const { isCmyk, ...size } = await headerOf(image, bytes);
    const window = windowOf(size);
    const isPart = window.width < size.width || window.height < size.height;
    const colours = inColours(isPart ? image.extract(window) : image, isCmyk);
    const { data, info } = await colours.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    if (info.width !== window.width || info.height !== window.height) throw new Error('its header gives another size');
    return { pixels: toRgb(data, info.channels), window, size };
  } catch (cause) {
    throw undecodable(path, cause);
  }
}

async function headerOf(image: Sharp, bytes: Uint8Array): Promise<Size & { readonly isCmyk: boolean }> {
  const header = jpegHeader(bytes);
  if (header !== undefined) return { width: header.width, height: header.height, isCmyk: header.components === 4 };
  const { width, height, space } = await image.metadata();
  return { width, height, isCmyk: space === 'cmyk' };
}

const inColours = (image: Sharp, isCmyk: boolean): Sharp =>
  isCmyk ? image.pipelineColourspace('cmyk').toColourspace('cmyk') : image.removeAlpha().toColourspace('srgb');

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
