/** A tensor's contents in plain memory, as files hold it: the meeting point of parsers and libtorch. */
import type { DType } from './dtype.js';

export interface HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Little-endian elements in row-major order, exactly `product(shape) × element size` bytes. */
  readonly bytes: Uint8Array;
}

export type HostTensors = ReadonlyMap<string, HostTensor>;
