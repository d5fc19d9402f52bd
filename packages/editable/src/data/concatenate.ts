/** Splits one after another as one. */
import { createHash } from 'node:crypto';
import { EditableError } from '../errors.js';
import { checkIndex, type ImageSplit, type PhotographFiles } from './image-dataset.js';

/** The images of all parts, the first one's first; pixels stay where they are. @throws EditableError INVALID_ARGUMENT for none, or of several shapes */
export function concatenate(parts: readonly ImageSplit[]): ImageSplit {
  const [first] = parts;
  if (first === undefined || parts.some(({ shape }) => shape.join() !== first.shape.join())) {
    const shapes = parts.map(({ shape }) => shape.join('×')).join(', ');
    throw new EditableError(
      'INVALID_ARGUMENT',
      `concatenate: expected splits of one image shape, received ${shapes || 'none'}.`,
    );
  }
  const starts = parts.map((_, at) => parts.slice(0, at).reduce((sum, { length }) => sum + length, 0));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const partOf = (index: number): number => starts.findLastIndex((start) => start <= index);
  const hashes = parts.flatMap(({ hash }) => hash ?? []);
  return {
    shape: first.shape,
    length,
    labels: Int32Array.from(parts.flatMap(({ labels }) => [...labels])),
    ...(hashes.length === parts.length ? { hash: createHash('sha256').update(hashes.join()).digest('hex') } : {}),
    ...(parts.every(({ files }) => files !== undefined) ? { files: filesOf(parts, starts, partOf) } : {}),
    image: (index) => {
      checkIndex('image', index, length);
      const part = partOf(index);
      return (parts[part] as ImageSplit).image(index - (starts[part] as number));
    },
  };
}

/** Each part reads its own. */
const filesOf = (
  parts: readonly ImageSplit[],
  starts: readonly number[],
  partOf: (index: number) => number,
): PhotographFiles => ({
  randomCrops: async (indices, crop, states) => {
    const crops: Uint8Array[] = [];
    const read = async (split: ImageSplit, part: number): Promise<void> => {
      const positions = [...Array(indices.length).keys()].filter((at) => partOf(indices[at] as number) === part);
      const own = await split.files?.randomCrops(
        positions.map((at) => (indices[at] as number) - (starts[part] as number)),
        crop,
        positions.map((at) => states[at]!),
      );
      for (const [i, at] of positions.entries()) crops[at] = own?.[i] as Uint8Array;
    };
    await Promise.all(parts.map(read));
    return crops;
  },
});
