/** The raw results of an experiment at one scale, as JSON beside its README. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '@editable/torch';
import type { Circumstances } from './circumstances.js';
import type { NamedRow } from './experiment.js';
import type { BaseModel, ScaleName } from './scale.js';

export interface ResultFile<Row> extends Circumstances {
  readonly experiment: string;
  readonly scale: ScaleName;
  readonly seed: number;
  readonly data: { readonly dataset: string; readonly testImages: number; readonly base: BaseModel };
  /** Of all rows together. */
  readonly seconds: number;
  readonly rows: readonly NamedRow<Row>[];
}

/** Writes FOLDER/results/SCALE.json and returns its path. */
export function writeResult(folder: string, result: ResultFile<unknown>): string {
  const results = join(folder, 'results');
  mkdirSync(results, { recursive: true });
  const path = join(results, `${result.scale}.json`);
  writeFileAtomically(path, `${compact(JSON.stringify(result, null, 2))}\n`);
  return path;
}

/** Lists of numbers on one line each. */
const compact = (json: string): string =>
  json.replaceAll(/\[[-\d.,eE+\snul]*\]/g, (list) =>
    list.replaceAll(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'),
  );
