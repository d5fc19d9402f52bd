/** The curvature of a run's model, kept beside it as curvature.safetensors: computed at first use, read afterwards. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TorchError } from '@editable/torch';
import type { CurvatureOf } from '../editing/curvature/curvature.js';
import { type KeptFactors, loadFactors, saveFactors } from '../editing/curvature/curvature-file.js';
import { disposeFactors, KroneckerCurvature, type KroneckerFactors } from '../editing/curvature/kronecker.js';
import { EditableError } from '../errors.js';
import { type ControlImages, controlCurvature, controlFactors, usualDamping } from '../evaluation/control-curvature.js';
import { modelHash } from '../patches/model-hash.js';
import type { Run } from './run.js';
import { runFiles } from './run-files.js';

export interface RunCurvature {
  readonly path: string;
  readonly factors: KroneckerFactors;
  /** Hash of the control images that they are of. */
  readonly control: string;
  /** It was in the file already. */
  readonly found: boolean;
}

/** Drawn when they are needed: a run that has its factors needs none. */
export type ControlOf = ControlImages | (() => ControlImages);

export interface RunFactorsOptions {
  /** Factors kept of other control images serve as well: for whoever was not told how many to take. */
  readonly anyImages?: boolean;
  /** Write over a file of another model, or a damaged one. */
  readonly replace?: boolean;
}

/**
 * The factors of some parameters of a run's model, read where the file has them of these control images, else computed and
 * written. The file holds one set of parameters: the last one asked for.
 *
 * @throws EditableError INVALID_FILE where the file is damaged or of another model; NO_CURVATURE for a layer without a rule
 */
export function runFactors(
  run: Run,
  controlOf: ControlOf,
  names: readonly string[],
  { anyImages = false, replace = false }: RunFactorsOptions = {},
): RunCurvature {
  const path = join(run.folder, runFiles.curvature);
  const hash = modelHash(run.model);
  const kept = existsSync(path) ? readKept(path, run, { hash, replace }) : undefined;
  if (kept?.factors.names.join() === names.join() && (anyImages || kept.control === drawn(controlOf).hash))
    return { path, factors: kept.factors, control: kept.control, found: true };
  if (kept !== undefined) disposeFactors(kept.factors.layers);
  const control = drawn(controlOf);
  const factors = controlFactors(run.model, control, names);
  saveFactors(path, factors, { model: hash, control: control.hash });
  return { path, factors, control: control.hash, found: false };
}

const drawn = (control: ControlOf): ControlImages => (typeof control === 'function' ? control() : control);

function readKept(
  path: string,
  run: Run,
  { hash, replace }: { readonly hash: string; readonly replace: boolean },
): KeptFactors | undefined {
  try {
    return loadFactors(path, run.model, hash);
  } catch (error) {
    if (replace && (error instanceof EditableError || error instanceof TorchError)) return undefined;
    throw error;
  }
}

/** For the editors of a run. A TorchScript model's is made of gradients of single images, and not kept: it is large. */
export function runCurvature(
  run: Run,
  control: ControlOf,
  options: Pick<RunFactorsOptions, 'anyImages'> = {},
): CurvatureOf {
  if (run.model.layers.length === 0) return controlCurvature(run.model, drawn(control));
  const made = new Map<string, KroneckerCurvature>();
  return (names) => {
    const key = names.join();
    const before = made.get(key);
    if (before !== undefined) return before;
    const { factors, control: of } = runFactors(run, control, names, options);
    const curvature = new KroneckerCurvature(factors, { damping: usualDamping, control: of });
    disposeFactors(factors.layers);
    made.set(key, curvature);
    return curvature;
  };
}
