/** A run's configuration as it was written, by this version or an earlier one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { EditableError } from '../errors.js';
import { readModelSpec } from '../models/registry.js';
import { configSchemas } from './config-schema.js';
import type { RunConfig, TranslationRunConfig } from './run-config.js';
import { readJson, runFiles } from './run-files.js';

export type RunTask = keyof typeof configSchemas;

/** Where a run has a configuration. */
export const isRun = (folder: string): boolean => existsSync(join(folder, runFiles.config));

/** What a run works on. @throws EditableError INVALID_RUN where the folder is no run */
export const taskOfRun = (folder: string): RunTask => read(folder).task;

/** @throws EditableError INVALID_RUN where the folder is no run of image classification */
export const readRunConfig = (folder: string): RunConfig => readAs(folder, 'image-classification');

/** @throws EditableError INVALID_RUN where the folder is no run of translation */
export const readTranslationRunConfig = (folder: string): TranslationRunConfig => readAs(folder, 'translation');

const inWords: Readonly<Record<RunTask, string>> = {
  'image-classification': 'image classification',
  translation: 'translation',
};

/** What is said where a run of a task was expected. */
const instead: Readonly<Record<RunTask, string>> = {
  'image-classification': 'this is for runs of image classification',
  translation: 'this is for runs of translation, which "train --task translation" makes',
};

function readAs<Name extends RunTask>(folder: string, expected: Name): z.infer<(typeof configSchemas)[Name]> {
  const { path, task, config } = read(folder);
  if (task !== expected)
    throw new EditableError('INVALID_RUN', `${folder} is a run of ${inWords[task]}; ${instead[expected]}.`);
  const { success, data, error } = configSchemas[expected].safeParse(config);
  if (success) return data as z.infer<(typeof configSchemas)[Name]>;
  throw new EditableError(
    'INVALID_RUN',
    `${path} is not the configuration of a run that this version can read: ${problemOf(error)}.`,
  );
}

/** The first thing wrong, and where: `training.epochs: expected number, received string`. */
function problemOf({ issues }: z.ZodError): string {
  const { path, message } = issues[0] as z.core.$ZodIssue;
  const problem = message.replace(/^Invalid (input|option): /, '');
  return path.length === 0 ? problem : `${path.join('.')}: ${problem}`;
}

interface Written {
  readonly path: string;
  readonly task: RunTask;
  readonly config: unknown;
}

function read(folder: string): Written {
  const path = join(folder, runFiles.config);
  if (!isRun(folder)) throw new EditableError('INVALID_RUN', `${folder} is not a run: it holds no ${runFiles.config}.`);
  const config = asOfToday(readJson(path));
  const { task = 'image-classification' } = (config ?? {}) as { readonly task?: unknown };
  if (typeof task === 'string' && Object.hasOwn(configSchemas, task)) return { path, task: task as RunTask, config };
  const known = Object.keys(configSchemas).join(', ');
  throw new EditableError(
    'INVALID_RUN',
    `${path}: expected one of the tasks ${known}, received ${JSON.stringify(task)}.`,
  );
}

/** Without a task it is of images: there was no other. */
function asOfToday(written: unknown): unknown {
  const { model } = (written ?? {}) as Partial<RunConfig>;
  return typeof model === 'object' && model !== null
    ? { ...(written as object), model: readModelSpec(model) }
    : written;
}
