/** Photographs of several folders as one data set of the network's classes: which go into which split is data. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { concatenate, type ImageDataset, type ImageSplit, loadDataset, type SplitName, subset } from 'editable';
import { ExperimentError } from './experiment-error.js';

export interface PhotographSet {
  readonly name: string;
  /** The network's classes in its order, one a line; null: the folders' own, sorted, as ImageNet's are. */
  readonly classes: string | null;
  readonly parts: readonly PhotographPart[];
}

export interface PhotographPart {
  /** Under one of the folders of data. */
  readonly folder: string;
  /** Split of the folder that it is of. */
  readonly of: SplitName;
  readonly into: SplitName;
  /** Each `every`th photograph, from the `first`; left out: all. */
  readonly every?: number;
  readonly first?: number;
}

/** @throws ExperimentError naming the folders looked in; EditableError for photographs that cannot be used */
export async function photographSet(
  { name, classes, parts }: PhotographSet,
  places: readonly string[],
  say: (text: string) => void,
): Promise<ImageDataset> {
  const opened = new Map<string, ImageDataset>();
  const splits: Record<SplitName, ImageSplit[]> = { train: [], test: [] };
  for (const { folder, of, into, every = 1, first = 0 } of parts) {
    const key = `${folder} ${of}`;
    if (!opened.has(key)) {
      say(`reading ${folder}, ${of}`);
      const source = {
        folder: placeOf(folder, places),
        ...(classes === null ? {} : { classes: placeOf(classes, places) }),
      };
      opened.set(key, await loadDataset(source, { splits: [of] }));
    }
    const split = (opened.get(key) as ImageDataset).split(of);
    const chosen = Array.from({ length: split.length }, (_, i) => i).filter((i) => i % every === first);
    splits[into].push(every === 1 ? split : subset(split, chosen));
  }
  const [like] = [...opened.values()] as [ImageDataset];
  const joined = { train: concatenate(splits.train), test: concatenate(splits.test) };
  return { ...like, name, split: (which) => joined[which] };
}

function placeOf(file: string, places: readonly string[]): string {
  const found = places.map((place) => join(place, file)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new ExperimentError(
    `cannot find ${file}: looked under ${places.join(', ')}. Name the folder that holds it with --data-dir DIR.`,
  );
}
