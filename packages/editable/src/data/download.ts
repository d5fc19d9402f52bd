/** A file fetched once: checked against its MD5, written beside its place, synced and renamed, so it is whole or absent. */
import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EditableError } from '../errors.js';

export interface DownloadRequest {
  /** The same file in several places, tried in order. */
  readonly urls: readonly string[];
  readonly md5: string;
}

/** Fetches a file to `path`; throws `DATA_NOT_FOUND` where no place has it with the right checksum. */
export async function download(path: string, { urls, md5 }: DownloadRequest): Promise<void> {
  const failures: string[] = [];
  for (const url of urls) {
    const outcome = await fetchChecked(url, md5);
    if (typeof outcome !== 'string') return writeWhole(path, outcome);
    failures.push(`${url}: ${outcome}`);
  }
  throw new EditableError('DATA_NOT_FOUND', `Could not download ${path} (${failures.join('; ')}).`);
}

async function fetchChecked(url: string, md5: string): Promise<Uint8Array | string> {
  try {
    const response = await fetch(url);
    if (!response.ok) return `HTTP status ${response.status}`;
    const bytes = new Uint8Array(await response.arrayBuffer());
    const received = createHash('md5').update(bytes).digest('hex');
    return received === md5 ? bytes : `expected MD5 ${md5}, received ${received}`;
  } catch (cause) {
    const { message, cause: network } = cause as Error;
    return network instanceof Error ? network.message || (network as NodeJS.ErrnoException).code || message : message;
  }
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(partial, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (cause) {
    // Where even this fails, the reason is the one about to be told.
    await rm(partial, { force: true }).catch(() => undefined);
    throw new EditableError(
      'DATA_NOT_FOUND',
      `Downloaded ${path}, but could not write it: ${(cause as Error).message}.`,
      {
        cause,
      },
    );
  }
}
