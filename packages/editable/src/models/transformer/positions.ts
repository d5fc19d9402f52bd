/** Sinusoidal positions (Vaswani et al., 2017, section 3.5) in fairseq's form: sines, then cosines; the first token is padding + 1. */
import { arange, cat, type Tensor, zeros } from '@editable/torch';

/** The number of each token's position, int64 [batch, time]: padding + 1, …, and `padding` where it is padding. */
export function positionsOf(tokens: Tensor, padding: number): Tensor {
  const present = tokens.ne(padding).to('int64');
  return present.cumsum(1).mul(present).add(padding);
}

/** Vectors of the positions 0 to count − 1, float32 [count, dim]; that of `padding` is zero. */
export function sinusoidalPositions(count: number, dim: number, padding: number): Tensor {
  const half = dim >> 1;
  const rates = arange(half)
    .to('float32')
    .mul(-Math.log(10_000) / (half - 1))
    .exp();
  const angles = arange(count).to('float32').unsqueeze(1).mul(rates.unsqueeze(0)); // [count, half]
  const odd = dim % 2 === 0 ? [] : [zeros([count, 1])];
  const table = cat([angles.sin(), angles.cos(), ...odd], { dim: 1 });
  if (padding < count) table.select(0, padding).zero_();
  return table;
}
