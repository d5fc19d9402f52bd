/** Label-preserving changes of an image: what training sees instead of it, and the views that generality is measured on. */
import { EditableError } from '../errors.js';
import type { ImageShape } from './image-shape.js';
import type { RandomStream } from './random.js';

/** Random crop after zero padding, and random horizontal flip, as torchvision's RandomCrop and RandomHorizontalFlip. */
export interface Augmentation {
  /** Black pixels added on every side before cropping back to size; 0 means no crop. */
  readonly padding: number;
  /** Whether half the images are mirrored left to right. */
  readonly flip: boolean;
}

/** How far an augmented view may lie from its image; every amount is drawn uniformly from [−x, x]. */
export interface ViewOptions {
  /** Pixels, on each axis. */
  readonly shift?: number;
  /** Degrees around the centre. */
  readonly rotation?: number;
  /** Fraction of the pixel values. */
  readonly brightness?: number;
  /** Whether half the views are mirrored left to right. */
  readonly flip?: boolean;
}

/** One random crop and flip of an image of [C, H, W] bytes; pixels that come from the padding are 0. */
export function cropAndFlip(
  image: Uint8Array,
  shape: ImageShape,
  { padding, flip }: Augmentation,
  random: RandomStream,
  out: Uint8Array = new Uint8Array(image.length),
): Uint8Array {
  checkImage('cropAndFlip', image, shape);
  if (!Number.isInteger(padding) || padding < 0) {
    throw new EditableError('INVALID_ARGUMENT', `cropAndFlip: expected a padding of 0 or more, received ${padding}.`);
  }
  const { down, right, mirrored } = drawCrop({ padding, flip }, random);
  translate(image, shape, down, right, out);
  if (mirrored) mirror(out, shape[2]);
  return out;
}

/** Where a crop lies and whether it is mirrored: three draws, used or not, so that a stream's position depends only on how many came before. */
export function drawCrop(
  { padding, flip }: Augmentation,
  random: RandomStream,
): { readonly down: number; readonly right: number; readonly mirrored: boolean } {
  const down = random.int(2 * padding + 1) - padding;
  const right = random.int(2 * padding + 1) - padding;
  return { down, right, mirrored: random.int(2) === 1 && flip };
}

/**
 * `count` augmented views of an image: each is rotated by up to 10°, shifted by up to 2 pixels on each axis (bilinear, black
 * outside), mirrored half of the time, and made up to 10 % brighter or darker.
 */
export function augmentedViews(
  image: Uint8Array,
  shape: ImageShape,
  count: number,
  random: RandomStream,
  { shift = 2, rotation = 10, brightness = 0.1, flip = true }: ViewOptions = {},
): Uint8Array[] {
  checkImage('augmentedViews', image, shape);
  return Array.from({ length: count }, () => {
    const angle = (random.uniform(-rotation, rotation) * Math.PI) / 180;
    const down = random.uniform(-shift, shift);
    const right = random.uniform(-shift, shift);
    const gain = 1 + random.uniform(-brightness, brightness);
    const view = rotateAndShift(image, shape, { angle, down, right, gain });
    if (random.int(2) === 1 && flip) mirror(view, shape[2]);
    return view;
  });
}

// out[y, x] = image[y + down, x + right], 0 outside: all rows are moved at once, then what came from elsewhere is blackened.
function translate(image: Uint8Array, shape: ImageShape, down: number, right: number, out: Uint8Array): void {
  const [channels, height, width] = shape;
  if (Math.abs(down) >= height || Math.abs(right) >= width) {
    out.fill(0);
    return;
  }
  const offset = down * width + right;
  out.set(offset > 0 ? image.subarray(offset) : image.subarray(0, image.length + offset), Math.max(0, -offset));
  for (let channel = 0; channel < channels; channel++) {
    const start = channel * height * width;
    const end = start + height * width;
    if (down > 0) out.fill(0, end - down * width, end);
    else out.fill(0, start, start - down * width);
    const [from, to] = right > 0 ? [width - right, width] : [0, -right];
    for (let row = start; row < end; row += width) for (let x = from; x < to; x++) out[row + x] = 0;
  }
}

function mirror(image: Uint8Array, width: number): void {
  for (let row = 0; row < image.length; row += width) {
    for (let left = row, right = row + width - 1; left < right; left++, right--) {
      const swapped = image[left]!;
      image[left] = image[right]!;
      image[right] = swapped;
    }
  }
}

interface Motion {
  readonly angle: number;
  readonly down: number;
  readonly right: number;
  readonly gain: number;
}

function rotateAndShift(image: Uint8Array, shape: ImageShape, { angle, down, right, gain }: Motion): Uint8Array {
  const [channels, height, width] = shape;
  const out = new Uint8ClampedArray(image.length);
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const [middleY, middleX] = [(height - 1) / 2, (width - 1) / 2];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sourceY = middleY + sine * (x - middleX) + cosine * (y - middleY) + down;
      const sourceX = middleX + cosine * (x - middleX) - sine * (y - middleY) + right;
      for (let channel = 0; channel < channels; channel++) {
        const plane = channel * height * width;
        out[plane + y * width + x] = gain * bilinear(image, plane, height, width, sourceY, sourceX);
      }
    }
  }
  return new Uint8Array(out.buffer);
}

function bilinear(image: Uint8Array, plane: number, height: number, width: number, y: number, x: number): number {
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [lower, farther] = [y - top, x - left];
  const pixel = (row: number, column: number): number =>
    row < 0 || row >= height || column < 0 || column >= width ? 0 : image[plane + row * width + column]!;
  const above = (1 - farther) * pixel(top, left) + farther * pixel(top, left + 1);
  const below = (1 - farther) * pixel(top + 1, left) + farther * pixel(top + 1, left + 1);
  return (1 - lower) * above + lower * below;
}

function checkImage(caller: string, image: Uint8Array, shape: ImageShape): void {
  const size = shape[0] * shape[1] * shape[2];
  if (image.length === size) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `${caller}: expected an image of ${shape.join('×')} = ${size} bytes, received ${image.length}.`,
  );
}
