/** Shares of a run's curvature that independent jobs computed, added up to what one would have. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type nn, noGrad, scope, type Tensor, type Tree } from '@editable/torch';
import { type KeptFactors, loadFactors, saveFactors } from '../editing/curvature/curvature-file.js';
import { disposeFactors, type KroneckerFactors, zeroFactors } from '../editing/curvature/kronecker.js';
import { EditableError } from '../errors.js';
import { modelHash } from '../patches/model-hash.js';
import type { Share } from '../sharing/share.js';
import { runFiles } from './run-files.js';

const shardName = /^curvature-shard-(\d+)-of-(\d+)\.safetensors$/;

/** Where a share of a run's curvature lies. */
export const shardFile = (folder: string, { rank, size }: Share): string =>
  join(folder, `curvature-shard-${rank}-of-${size}.safetensors`);

/** Whether the run has shares of a curvature. */
export const hasFactorShards = (folder: string): boolean =>
  existsSync(folder) && readdirSync(folder).some((name) => shardName.test(name));

export interface MergedFactors {
  readonly path: string;
  readonly names: readonly string[];
  /** Control inputs. */
  readonly count: number;
}

/**
 * Writes a run's curvature from all shares of it.
 *
 * @throws EditableError INVALID_FILE where a share is missing, damaged, or of another model, other layers or control inputs
 */
export function mergeFactorShards(folder: string, model: nn.Model<Tree>): MergedFactors {
  const hash = modelHash(model);
  const sizes = new Set(readdirSync(folder).flatMap((name) => shardName.exec(name)?.[2] ?? []));
  const [size = '0'] = sizes;
  if (sizes.size !== 1) {
    const why = sizes.size === 0 ? 'no shards' : `shards of ${[...sizes].sort().join(' and of ')}`;
    throw new EditableError(
      'INVALID_FILE',
      `merge: expected shards of one curvature in ${folder}, found ${why}; run curvature --shard.`,
    );
  }
  const shards: KeptFactors[] = [];
  try {
    for (let rank = 0; rank < Number(size); rank++) {
      const path = shardFile(folder, { rank, size: Number(size) });
      if (!existsSync(path)) {
        throw new EditableError(
          'INVALID_FILE',
          `merge: shard ${rank}/${size} is missing; run curvature --shard ${rank}/${size}.`,
        );
      }
      shards.push(loadFactors(path, model, hash));
      requireSame(path, shards[0] as KeptFactors, shards.at(-1) as KeptFactors);
    }
    const { control, factors } = shards[0] as KeptFactors;
    const path = join(folder, runFiles.curvature);
    const whole = meanOf(
      model,
      shards.map((shard) => shard.factors),
    );
    saveFactors(path, whole, { model: hash, control });
    disposeFactors(whole.layers);
    return { path, names: factors.names, count: whole.count };
  } finally {
    for (const { factors } of shards) disposeFactors(factors.layers);
  }
}

function requireSame(path: string, first: KeptFactors, other: KeptFactors): void {
  if (first.control === other.control && first.factors.names.join() === other.factors.names.join()) return;
  throw new EditableError(
    'INVALID_FILE',
    `${path} is of other control inputs or layers than the shards before it; run curvature --shard again, with the same options for all.`,
  );
}

/** Each share counts by its control inputs. */
function meanOf(model: nn.Model<Tree>, shares: readonly KroneckerFactors[]): KroneckerFactors {
  const { names, layers } = shares[0] as KroneckerFactors;
  const count = shares.reduce((sum, share) => sum + share.count, 0);
  const mean = zeroFactors(
    model,
    layers.map(({ block }) => block),
  );
  const ofAll = mean.flatMap(({ matrices }) => matrices);
  for (const share of shares) {
    const own = share.layers.flatMap(({ matrices }) => matrices);
    scope(() => noGrad(() => ofAll.forEach((each, i) => void each.add_((own[i] as Tensor).mul(share.count / count)))));
  }
  return { names, layers: mean, count };
}
