/** What identifies a model's values: SHA-256 over names, dtypes, shapes and bytes of its parameters and buffers. */
import { createHash } from 'node:crypto';
import type { nn } from '@editable/torch';

/** 64 hexadecimal digits; equal exactly when every tensor is equal to the bit, whatever the order and the device. */
export function modelHash(model: Pick<nn.Model, 'parameters' | 'buffers'>): string {
  const hash = createHash('sha256');
  const tensors = [...model.parameters, ...model.buffers].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, tensor] of tensors) {
    const { dtype, shape, bytes } = tensor.toHost();
    // JSON ends in a bracket and says how many bytes follow, so no two models run together to the same input.
    hash.update(JSON.stringify([name, dtype, shape])).update(bytes);
  }
  return hash.digest('hex');
}
