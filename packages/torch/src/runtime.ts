/** The process around the tensors: threads, random state, memory counts, devices, versions. */

import type { Device } from './device.js';
import { TorchError } from './errors.js';
import { native } from './native.js';
import { handleOf, Tensor } from './tensor.js';

export interface MemoryStatistics {
  /** Tensors that JavaScript holds. */
  readonly tensors: number;
  /** Bytes that libtorch holds on the CPU, those saved for a backward pass included. */
  readonly bytes: number;
  readonly peakBytes: number;
}

/** Live tensors, their native bytes, and the most bytes there were at once. */
export function memory(): MemoryStatistics {
  const { tensors, bytes, peakBytes } = native.memory();
  return { tensors, bytes, peakBytes };
}

/** Starts the count of `peakBytes` again from what is held now. */
export const resetPeakMemory = (): void => native.resetPeakMemory();

/** Seeds the default generator of every device. */
export const manualSeed = (seed: number | bigint): void => native.manualSeed(BigInt(seed));

/** State of a device's default generator, as uint8[n]. */
export const generatorState = (device: Device = 'cpu'): Tensor => new Tensor(native.generatorState(device));

/** Puts libtorch's random generator back to a state that `generatorState` gave. */
export const setGeneratorState = (state: Tensor, device: Device = 'cpu'): void =>
  native.setGeneratorState(device, handleOf(state));

/** Threads that one operation may use. */
export const threads = (): number => native.threads();

/** @throws TorchError INVALID_ARGUMENT unless `count` is a whole number of at least 1. */
export function setThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1) {
    throw new TorchError('INVALID_ARGUMENT', `setThreads: expected a whole number of at least 1, received ${count}.`);
  }
  native.setThreads(count);
}

/** Runs `body` on so many threads; the number before is restored also when it throws. */
export function withThreads<Result>(count: number, body: () => Result): Result {
  const before = threads();
  if (count === before) return body();
  setThreads(count);
  try {
    return body();
  } finally {
    native.setThreads(before);
  }
}

/** Whether libtorch sees a CUDA device. */
export const cudaIsAvailable = (): boolean => native.cudaDevices() > 0;

/** Waits for the work queued on the GPU; does nothing on the CPU. */
export const synchronize = (): void => native.synchronize();

/** Deterministic kernels and full float32 precision (no TF32) on the GPU. */
export const useDeterministicAlgorithms = (on = true): void => native.setDeterministic(on);

/** libtorch's version, its build configuration and its threading, as libtorch tells them. */
export const versions = (): { torch: string; config: string; parallel: string } => native.versions();
