/** The curvature of a run's model, kept beside it as curvature.safetensors: computed at first use, read afterwards. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CurvatureOf } from '../editing/curvature/curvature.js';
import { loadFactors, saveFactors } from '../editing/curvature/curvature-file.js';
import { disposeFactors, KroneckerCurvature, type KroneckerFactors } from '../editing/curvature/kronecker.js';
import { type ControlImages, controlCurvature, controlFactors, usualDamping } from '../evaluation/control-curvature.js';
import { modelHash } from '../patches/model-hash.js';
import { type Run, runFiles } from './run.js';

export interface RunCurvature {
  readonly path: string;
  readonly factors: KroneckerFactors;
  /** It was in the file already. */
  readonly found: boolean;
}

/**
 * The factors of some parameters of a run's model, read where the file has them of these control images, else computed and
 * written.
 *
 * @throws EditableError INVALID_FILE where the file is damaged or of another model; NO_CURVATURE for a layer without a rule
 */
export function runFactors(run: Run, control: ControlImages, names: readonly string[]): RunCurvature {
  const path = join(run.folder, runFiles.curvature);
  const hash = modelHash(run.model);
  if (existsSync(path)) {
    const { factors, control: of } = loadFactors(path, run.model, hash);
    if (of === control.hash && factors.names.join() === names.join()) return { path, factors, found: true };
    disposeFactors(factors.layers);
  }
  const factors = controlFactors(run.model, control, names);
  saveFactors(path, factors, { model: hash, control: control.hash });
  return { path, factors, found: false };
}

/** For the editors of a run. A TorchScript model's is made of gradients of single images, and not kept: it is large. */
export function runCurvature(run: Run, control: ControlImages): CurvatureOf {
  if (run.model.layers.length === 0) return controlCurvature(run.model, control);
  const made = new Map<string, KroneckerCurvature>();
  return (names) => {
    const key = names.join();
    const before = made.get(key);
    if (before !== undefined) return before;
    const { factors } = runFactors(run, control, names);
    const curvature = new KroneckerCurvature(factors, { damping: usualDamping, control: control.hash });
    disposeFactors(factors.layers);
    made.set(key, curvature);
    return curvature;
  };
}
