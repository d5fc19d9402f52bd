/** A run's folder while it is trained: whose settings it holds, and the checkpoint that an interrupted training goes on from. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fromHost, type nn, noGrad, readSafetensors, scope, type Tree, writeSafetensors } from '@editable/torch';
import { EditableError } from '../errors.js';
import type { JsonLines } from '../runs/json-lines.js';
import { makeRunFolder, runFiles, writeJson } from '../runs/run-files.js';
import type { Trainer } from './trainer.js';

/**
 * Writes the configuration into a folder that has none. `read`: of a folder that has one.
 *
 * @throws EditableError INVALID_RUN where the folder holds a run of other settings
 */
export function claimFolder<Config extends object>(
  folder: string,
  config: Config,
  read: (folder: string) => Config,
): void {
  makeRunFolder(folder);
  const path = join(folder, runFiles.config);
  if (!existsSync(path)) {
    writeJson(path, config);
    return;
  }
  const different = differences(read(folder), config);
  if (different.length > 0) {
    throw new EditableError(
      'INVALID_RUN',
      `${folder} holds a run of other settings (${different.slice(0, 3).join('; ')}); choose another folder, or remove it.`,
    );
  }
}

/** The machine was found fit for it then: who goes on with it is not asked again. */
export const isBegun = (folder: string): boolean => existsSync(join(folder, runFiles.config));

/** A model is there and nothing is left to train. */
export const isFinished = (folder: string): boolean =>
  existsSync(join(folder, runFiles.model)) && !existsSync(join(folder, runFiles.checkpoint));

/** `training.epochs: 2 there, 3 asked for` for every leaf that differs. */
function differences(there: unknown, asked: unknown, path = ''): string[] {
  if (JSON.stringify(there) === JSON.stringify(asked)) return [];
  const nested = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!nested(there) || !nested(asked))
    return [`${path}: ${JSON.stringify(there)} there, ${JSON.stringify(asked)} asked for`];
  const [a, b] = [there as Record<string, unknown>, asked as Record<string, unknown>];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
    differences(a[key], b[key], path === '' ? key : `${path}.${key}`),
  );
}

export function saveCheckpoint<Input extends Tree, State extends Tree>(
  folder: string,
  trainer: Trainer<Input, State>,
  step: number,
): void {
  writeTensors(join(folder, runFiles.checkpoint), trainer.state(), new Map([['step', String(step)]]));
}

/** Named tensors as one file. */
export function writeTensors(path: string, tensors: nn.NamedTensors, metadata?: ReadonlyMap<string, string>): void {
  const host = scope(() => new Map([...tensors].map(([name, value]) => [name, value.toHost()])));
  writeSafetensors(path, host, metadata);
}

/** The steps done according to the checkpoint; metrics beyond it are dropped, they will be made again. */
export function loadCheckpoint<Input extends Tree, State extends Tree>(
  folder: string,
  trainer: Trainer<Input, State>,
  metrics: JsonLines<object>,
): number {
  const path = join(folder, runFiles.checkpoint);
  if (!existsSync(path)) {
    metrics.write([]);
    return 0;
  }
  const { tensors, metadata } = readSafetensors(path);
  const step = Number(metadata.get('step'));
  if (!Number.isInteger(step))
    throw new EditableError('INVALID_RUN', `${path} is not a training checkpoint; remove it to start again.`);
  scope(() => noGrad(() => trainer.load(new Map([...tensors].map(([name, host]) => [name, fromHost(host)])))));
  metrics.write(metrics.read().slice(0, step));
  return step;
}
