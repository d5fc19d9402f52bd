/** What the jobs leave in a run's folder, beside what `runFiles` of editable names. */
import { basename, join } from 'node:path';

export const jobFiles = {
  /** Documents and records of evaluations. */
  evaluations: 'evaluations',
  /** What the unedited network says, kept since it costs the most. */
  predictions: 'predictions',
  patches: 'patches',
  tuning: 'tuning.json',
  /** Every trial as it was made; the same search, interrupted, continues from them. */
  trials: 'tuning-trials.jsonl',
} as const;

/** Where a patch goes that was given no place: patches/test-12-to-3.safetensors, patches/boot-to-7.safetensors */
export const patchFile = (
  folder: string,
  { index, file }: { readonly index: number | null; readonly file: string | null },
  target: number,
): string => patchNamed(folder, `${index === null ? stem(file as string) : `test-${index}`}-to-${target}`);

/** Where a patch of this name lies in a run. */
export const patchNamed = (folder: string, name: string): string =>
  join(folder, jobFiles.patches, `${name}.safetensors`);

/** A file's name without its ending. */
export const stem = (file: string): string => basename(file).replace(/\.[^.]*$/, '');
