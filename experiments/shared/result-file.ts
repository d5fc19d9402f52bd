/** The raw results of an experiment at one scale, as JSON beside its README. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readFileOrExplain, writeFileAtomically } from '@editable/torch';
import type { Circumstances } from './circumstances.js';
import type { NamedRow } from './experiment.js';

export interface ResultFile<Row> extends Circumstances {
  readonly experiment: string;
  readonly scale: string;
  readonly seed: number;
  readonly data: { readonly dataset: string } & Readonly<Record<string, unknown>>;
  /** Of all rows together. */
  readonly seconds: number;
  readonly rows: readonly NamedRow<Row>[];
}

/** The rows of FOLDER/results/SCALE.json; none where there is no such file. */
export function readResultRows<Row>(folder: string, scale: string): readonly NamedRow<Row>[] {
  const path = resultPath(folder, scale);
  if (!existsSync(path)) return [];
  return (JSON.parse(new TextDecoder().decode(readFileOrExplain(path))) as ResultFile<Row>).rows;
}

/** Writes FOLDER/results/SCALE.json and returns its path. */
export function writeResult(folder: string, result: ResultFile<unknown>): string {
  const path = resultPath(folder, result.scale);
  mkdirSync(dirname(path), { recursive: true });
  writeFileAtomically(path, `${compact(JSON.stringify(result, null, 2))}\n`);
  return path;
}

const resultPath = (folder: string, scale: string): string => join(folder, 'results', `${scale}.json`);

/** Lists of numbers on one line each. */
const compact = (json: string): string =>
  json.replaceAll(/\[[-\d.,eE+\snul]*\]/g, (list) =>
    list.replaceAll(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'),
  );
