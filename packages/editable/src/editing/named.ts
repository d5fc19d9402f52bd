/** Tensors by name, as a model's call takes them. */
import type { nn, Tensor } from '@editable/torch';

export const named = (names: readonly string[], values: readonly Tensor[]): nn.NamedTensors =>
  new Map(names.map((name, i) => [name, values[i] as Tensor]));
