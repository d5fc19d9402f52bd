/** Mixed precision (torch.autocast): products and convolutions in a smaller number type, what needs more stays as it is. */
import { dtypes } from './dtype.js';
import { native } from './native.js';

/**
 * Runs `body` with float32 convolutions, linear layers and matrix products computed in `dtype`; tensors and parameters stay what
 * they are, and gradients come back in their type (Micikevicius et al., 2018, "Mixed Precision Training"). Which operators
 * are cast is libtorch's list, the same as PyTorch's.
 */
export function autocast<Result>(dtype: 'bfloat16', body: () => Result): Result {
  native.beginAutocast(dtypes[dtype].code);
  try {
    return body();
  } finally {
    native.endAutocast();
  }
}
