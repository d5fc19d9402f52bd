/** Where and with what numbers were made. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type Device, threads, versions } from '@editable/torch';

export interface Circumstances {
  /** `git rev-parse HEAD`, "with changes" where tracked files differ from it; "unknown" outside a clone. */
  readonly commit: string;
  readonly machine: {
    readonly processor: string;
    readonly threads: number;
    readonly device: Device;
    readonly libtorch: string;
    readonly node: string;
  };
}

/** `home`: a folder of the clone. */
export const circumstances = (home: string, device: Device): Circumstances => ({
  commit: commitOf(home),
  machine: {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    threads: threads(),
    device,
    libtorch: versions().torch,
    node: process.versions.node,
  },
});

function commitOf(home: string): string {
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', home, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    // Results are tracked, too, and are no change to what makes them.
    const written = [':!/experiments/*/results/*', ':!/experiments/*/README.md'];
    const changes = git('status', '--porcelain', '--untracked-files=no', '--', ':/', ...written);
    return `${git('rev-parse', 'HEAD')}${changes === '' ? '' : ' with changes'}`;
  } catch {
    // The offline bundle has no history; it says what it was packed from.
    const packed = join(home, '../COMMIT');
    return existsSync(packed) ? readFileSync(packed, 'utf8').trim() : 'unknown';
  }
}
