/**
 * Random crops of random size and shape, scaled to one size, and random flips: what ImageNet's classifiers are trained on
 * (Szegedy et al., "Going deeper with convolutions", CVPR 2015; the paper's section 4.3), distributed as torchvision's
 * `RandomResizedCrop` and `RandomHorizontalFlip`.
 */
import { EditableError } from '../errors.js';
import type { RandomStream } from './random.js';
import type { Size, Window } from './resample.js';

export interface RandomResizedCrop {
  /** Smallest and largest share of the photograph's area. */
  readonly scale: readonly [number, number];
  /** Smallest and largest width over height. */
  readonly ratio: readonly [number, number];
  /** Whether half the crops are mirrored left to right. */
  readonly flip: boolean;
}

/** As published. */
export const randomResizedCrop: RandomResizedCrop = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3], flip: true };

const tries = 10;

/** A box of random area, shape and place within a photograph; after ten that did not fit, as large a one in the middle as `ratio` allows. */
export function cropBox(
  { width, height }: Size,
  { scale, ratio }: Pick<RandomResizedCrop, 'scale' | 'ratio'>,
  random: Pick<RandomStream, 'uniform' | 'int'>,
): Window {
  for (let n = 0; n < tries; n++) {
    const area = width * height * random.uniform(scale[0], scale[1]);
    const shape = Math.exp(random.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const box = { width: toEven(Math.sqrt(area * shape)), height: toEven(Math.sqrt(area / shape)) };
    if (box.width < 1 || box.height < 1 || box.width > width || box.height > height) continue;
    const top = random.int(height - box.height + 1);
    return { ...box, top, left: random.int(width - box.width + 1) };
  }
  return middle({ width, height }, ratio);
}

function middle({ width, height }: Size, [narrowest, widest]: RandomResizedCrop['ratio']): Window {
  const shape = width / height;
  const box = {
    width: shape > widest ? Math.max(1, toEven(height * widest)) : width,
    height: shape < narrowest ? Math.max(1, toEven(width / narrowest)) : height,
  };
  return { ...box, top: Math.floor((height - box.height) / 2), left: Math.floor((width - box.width) / 2) };
}

/** The nearest whole number, halves to the even one, as Python's `round`. */
function toEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** @throws EditableError INVALID_ARGUMENT */
export function checkRandomResizedCrop({ scale, ratio }: RandomResizedCrop): void {
  const [[least, most], [narrowest, widest]] = [scale, ratio];
  if (least > 0 && least <= most && most <= 1 && narrowest > 0 && narrowest <= widest && widest < 100) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `random resized crop: expected 0 < scale ≤ 1 and ratio > 0, the smaller first, received scale [${scale}], ratio [${ratio}].`,
  );
}
