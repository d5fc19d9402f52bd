/** Kronecker factors that a run keeps as curvature.safetensors: read where they fit, else computed and written. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { broadcastInto, exchange, type nn, type ProcessGroup, TorchError, type Tree } from '@editable/torch';
import { type KeptFactors, loadFactors, saveFactors } from '../editing/curvature/curvature-file.js';
import { disposeFactors, type KroneckerFactors, zeroFactors } from '../editing/curvature/kronecker.js';
import { blocksOf } from '../editing/curvature/layer-blocks.js';
import { EditableError } from '../errors.js';
import { modelHash } from '../patches/model-hash.js';
import { agreeOn } from '../sharing/group-agreement.js';
import type { Share, Sharing } from '../sharing/share.js';
import { shardFile } from './factor-shards.js';
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
  /** Processes that each call this: they compute it together, and rank 0 keeps it. */
  readonly group?: ProcessGroup | undefined;
  /** Only of this share of the control inputs, in a file of its own: see `mergeFactorShards`. */
  readonly share?: Share | undefined;
}

/** A run's folder and model, whatever its task. */
export interface ModelFolder {
  readonly folder: string;
  readonly model: nn.Model<Tree>;
}

/** What factors are made of: called only where they are not there. */
export interface FactorsMaker {
  readonly hash: string;
  factors(names: readonly string[], sharing: Sharing): KroneckerFactors;
}

/**
 * The factors of some parameters of a run's model. The file holds one set of parameters: the last one asked for.
 *
 * @throws EditableError INVALID_FILE where the file is damaged or of another model; NO_CURVATURE for a layer without a rule
 */
export function keptFactors(
  run: ModelFolder,
  makerOf: () => FactorsMaker,
  names: readonly string[],
  options: RunFactorsOptions = {},
): RunCurvature {
  const { group, share } = options;
  const path = share === undefined ? join(run.folder, runFiles.curvature) : shardFile(run.folder, share);
  const asked = { path, model: run.model, hash: modelHash(run.model), names, maker: once(makerOf) };
  if (group !== undefined) return sharedFactors(group, asked, options);
  const kept = found(asked, options);
  if (kept !== undefined) return { path, factors: kept.factors, control: kept.control, found: true };
  return made(asked, { share });
}

/** One set of factors in one file. */
interface Asked {
  readonly path: string;
  readonly model: nn.Model<Tree>;
  /** Of the model. */
  readonly hash: string;
  readonly names: readonly string[];
  readonly maker: () => FactorsMaker;
}

/** Rank 0 looks into its file and hands out what it has; else each process computes its share, and rank 0 keeps the sum. */
function sharedFactors(group: ProcessGroup, asked: Asked, options: RunFactorsOptions): RunCurvature {
  const { path, model, names, hash, maker } = asked;
  agreeOn(group, { model: hash, layers: names });
  const kept = group.rank === 0 ? found(asked, options) : undefined;
  const control = exchange(group, kept?.control ?? '')[0] as string;
  if (control !== '') return { path, factors: handedOut(group, model, names, kept?.factors), control, found: true };
  agreeOn(group, { 'set of control inputs': maker().hash });
  return made(asked, { group });
}

function made({ path, hash, names, maker }: Asked, sharing: Sharing): RunCurvature {
  const { group, share } = sharing;
  const { hash: control, factors: factorsOf } = maker();
  const factors = factorsOf(names, sharing);
  const shard = share === undefined ? {} : { shard: `${share.rank}/${share.size}` };
  if (group === undefined || group.rank === 0) saveFactors(path, factors, { model: hash, control, ...shard });
  return { path, factors, control, found: false };
}

/** What the file has, where it is what was asked for. */
function found(
  { path, model, hash, names, maker }: Asked,
  { anyControl = false, replace = false }: RunFactorsOptions,
): KeptFactors | undefined {
  const kept = existsSync(path) ? readKept(path, model, { hash, replace }) : undefined;
  if (kept === undefined) return undefined;
  if (kept.factors.names.join() === names.join() && (anyControl || kept.control === maker().hash)) return kept;
  disposeFactors(kept.factors.layers);
  return undefined;
}

/** Rank 0's factors in every process. */
function handedOut(
  group: ProcessGroup,
  model: nn.Model<Tree>,
  names: readonly string[],
  own: KroneckerFactors | undefined,
): KroneckerFactors {
  const count = Number(exchange(group, String(own?.count ?? 0))[0]);
  const layers = own?.layers ?? zeroFactors(model, blocksOf(model, names));
  broadcastInto(
    group,
    layers.flatMap(({ matrices }) => matrices),
  );
  return { names, layers, count };
}

function once<Value>(make: () => Value): () => Value {
  let value: Value | undefined;
  return () => {
    value ??= make();
    return value;
  };
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
