/** Where numbers were made: versions, libraries, threads, commit. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { cudaIsAvailable, threads, versions } from '@editable/torch';

export interface Environment {
  readonly node: string;
  readonly libtorch: string;
  /** The library's file; null where the system does not tell. */
  readonly libtorchFile: string | null;
  readonly blas: string | null;
  readonly threads: number;
  readonly processor: string;
  readonly cuda: boolean;
  /** Of the clone this program is in, with a + where files differ from it; null outside a clone. */
  readonly commit: string | null;
}

export function environment(): Environment {
  const loaded = loadedLibraries();
  return {
    node: process.versions.node,
    libtorch: versions().torch,
    libtorchFile: loaded.find((file) => /libtorch_(cpu|python)?\.so|libtorch\.so/.test(file)) ?? null,
    blas: loaded.find((file) => /openblas|mkl_core|libblis|libblas|libatlas/i.test(file)) ?? null,
    threads: threads(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cuda: cudaIsAvailable(),
    commit: commitOf(fileURLToPath(new URL('.', import.meta.url))),
  };
}

/** Shared libraries in this process, as Linux lists them. */
function loadedLibraries(): string[] {
  const maps = '/proc/self/maps';
  if (!existsSync(maps)) return [];
  const files = readFileSync(maps, 'utf8').matchAll(/(\/\S*\.so\S*)$/gm);
  return [...new Set([...files].map(([, file]) => file as string))];
}

function commitOf(folder: string): string | null {
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', folder, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return (
      git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+')
    );
  } catch {
    return null;
  }
}
