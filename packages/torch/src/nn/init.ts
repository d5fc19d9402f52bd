/** Initial values of weights, PyTorch's defaults, from libtorch's random generator (see manualSeed). */
import { rand, randn } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';

/** U(−bound, bound). */
export const uniformBound = (shape: readonly number[], bound: number): Tensor =>
  rand(shape)
    .mul(2 * bound)
    .sub(bound);

/** PyTorch's default for Linear and Conv: kaiming_uniform with a = √5, which is U(−1/√fanIn, 1/√fanIn). */
export const kaimingUniform = (shape: readonly number[], fanIn: number): Tensor =>
  uniformBound(shape, 1 / Math.sqrt(fanIn));

/** N(0, 2 / fan), for ReLU (He et al., 2015): of what enters a unit, or, as in torchvision's ResNets, of what leaves it. */
export const kaimingNormal = (shape: readonly number[], fan: number): Tensor => randn(shape).mul(Math.sqrt(2 / fan));
