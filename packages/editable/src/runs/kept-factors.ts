/** Kronecker factors that a run keeps as curvature.safetensors: read where they fit, else computed and written. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type nn, TorchError, type Tree } from '@editable/torch';
import { type KeptFactors, loadFactors, saveFactors } from '../editing/curvature/curvature-file.js';
import { disposeFactors, type KroneckerFactors } from '../editing/curvature/kronecker.js';
import { EditableError } from '../errors.js';
import { modelHash } from '../patches/model-hash.js';
import { runFiles } from './run-files.js';

export interface RunCurvature {
  readonly path: string;
  readonly factors: KroneckerFactors;
  /** Hash of the control inputs that they are of. */
  readonly control: string;
  /** It was in the file already. */
  readonly found: boolean;
}

export interface RunFactorsOptions {
  /** Factors kept of other control inputs serve as well: for whoever was not told how many to take. */
  readonly anyControl?: boolean;
  /** Write over a file of another model, or a damaged one. */
  readonly replace?: boolean;
}

/** A run's folder and model, whatever its task. */
export interface ModelFolder {
  readonly folder: string;
  readonly model: nn.Model<Tree>;
}

/** What factors are made of: called only where they are not there. */
export interface FactorsMaker {
  readonly hash: string;
  factors(names: readonly string[]): KroneckerFactors;
}

/**
 * The factors of some parameters of a run's model. The file holds one set of parameters: the last one asked for.
 *
 * @throws EditableError INVALID_FILE where the file is damaged or of another model; NO_CURVATURE for a layer without a rule
 */
export function keptFactors(
  { folder, model }: ModelFolder,
  makerOf: () => FactorsMaker,
  names: readonly string[],
  { anyControl = false, replace = false }: RunFactorsOptions = {},
): RunCurvature {
  const path = join(folder, runFiles.curvature);
  const hash = modelHash(model);
  const kept = existsSync(path) ? readKept(path, model, { hash, replace }) : undefined;
  let maker: FactorsMaker | undefined;
  const made = (): FactorsMaker => {
    maker ??= makerOf();
    return maker;
  };
  if (kept?.factors.names.join() === names.join() && (anyControl || kept.control === made().hash))
    return { path, factors: kept.factors, control: kept.control, found: true };
  if (kept !== undefined) disposeFactors(kept.factors.layers);
  const control = made();
  const factors = control.factors(names);
  saveFactors(path, factors, { model: hash, control: control.hash });
  return { path, factors, control: control.hash, found: false };
}

function readKept(
  path: string,
  model: nn.Model<Tree>,
  { hash, replace }: { readonly hash: string; readonly replace: boolean },
): KeptFactors | undefined {
  try {
    return loadFactors(path, model, hash);
  } catch (error) {
    if (replace && (error instanceof EditableError || error instanceof TorchError)) return undefined;
    throw error;
  }
}
