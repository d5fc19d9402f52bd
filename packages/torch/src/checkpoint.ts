/** Named tensors in files: safetensors both ways, and PyTorch's own checkpoints read without running code from them. */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { Device } from './device.js';
import type { HostTensors } from './host-tensor.js';
import type { NamedTensors } from './nn/model.js';
import { readSafetensors, readStateDict, writeSafetensors } from './serialization/index.js';
import { fromHost } from './tensor.js';

export interface LoadOptions {
  readonly device?: Device;
}

export interface LoadedTensors {
  readonly tensors: NamedTensors;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Writes a safetensors file, whole or not at all; the same tensors and metadata give the same bytes. */
export function saveSafetensors(
  path: string,
  tensors: NamedTensors,
  metadata: ReadonlyMap<string, string> = new Map(),
): void {
  writeSafetensors(path, new Map([...tensors].map(([name, tensor]) => [name, tensor.toHost()])), metadata);
}

/** @throws TorchError INVALID_FILE where the file is missing, cut short or something else. */
export function loadSafetensors(path: string, options: LoadOptions = {}): LoadedTensors {
  const { tensors, metadata } = readSafetensors(path);
  return { tensors: onDevice(tensors, options), metadata };
}

/**
 * The tensors of a checkpoint by name, be it safetensors or PyTorch's (`.pth`, `.th`, `.pt`); what is in the file counts,
 * not its name.
 *
 * @throws TorchError INVALID_FILE where the file is missing, damaged, or holds no tensors.
 */
export const loadStateDict = (path: string, options: LoadOptions = {}): NamedTensors =>
  looksLikeSafetensors(path) ? loadSafetensors(path, options).tensors : onDevice(readStateDict(path), options);

const onDevice = (tensors: HostTensors, { device = 'cpu' }: LoadOptions): NamedTensors =>
  new Map([...tensors].map(([name, host]) => [name, fromHost(host, { device })]));

/** Eight bytes of length, then JSON. A file that cannot be opened is left to the reader, which explains; a pipe must not block. */
function looksLikeSafetensors(path: string): boolean {
  const start = Buffer.alloc(9);
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return readSync(file, start, 0, 9, 0) === 9 && start[8] === 0x7b;
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}
