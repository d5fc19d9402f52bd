/** Finds a published checkpoint in the folders that may hold some. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentError } from './experiment-error.js';

/** @throws ExperimentError naming the folders looked in */
export function publishedWeights(file: string, folders: readonly string[]): string {
  const found = folders.map((folder) => join(folder, file)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new ExperimentError(
    `cannot find ${file}: looked under ${folders.join(', ')}. Name the folder that holds it with --weights DIR.`,
  );
}
