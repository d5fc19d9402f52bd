/** Bounds the norm of all gradients together (torch.nn.utils.clip_grad_norm_). */
import { noGrad } from '../autograd.js';
import { _foreachMul, linalgVectorNorm, stack } from '../functions.generated.js';
import { scope } from '../scope.js';
import type { Tensor } from '../tensor.js';

export interface ClippedGradients {
  /** The same tensors where the norm was within the bound, else scaled copies. */
  readonly gradients: readonly Tensor[];
  /** Euclidean norm of all gradients together, before clipping. */
  readonly norm: number;
}

/** Scales the gradients by maxNorm / (norm + 1e-6) where that is below 1. Not differentiable; inputs stay as they are. */
export const clipGradNorm = (gradients: readonly Tensor[], maxNorm: number): ClippedGradients =>
  noGrad(() =>
    scope(() => {
      const norm = globalNorm(gradients);
      const coefficient = maxNorm / (norm + 1e-6);
      return { gradients: coefficient >= 1 ? gradients : _foreachMul(gradients, coefficient), norm };
    }),
  );

const globalNorm = (gradients: readonly Tensor[]): number =>
  gradients.length === 0 ? 0 : linalgVectorNorm(stack(gradients.map((gradient) => linalgVectorNorm(gradient)))).item();
