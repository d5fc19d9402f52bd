/** Tokens as vectors: their table's rows times √dim, plus their positions', with dropout. */
import { embedding, nn, randn, type Tensor } from '@editable/torch';
import type { TransformerSizes } from './options.js';
import { positionsOf, sinusoidalPositions } from './positions.js';
import type { SpecialTokens } from './tokens.js';

/** A table of `count` tokens from N(0, 1 / dim); that of padding is zero. */
export function tokenTable(count: number, dim: number, { padding }: SpecialTokens): nn.Embedding {
  const weight = randn([count, dim]).mul(dim ** -0.5);
  weight.select(0, padding).zero_();
  return Object.assign(new nn.Embedding(count, dim, { paddingIdx: padding }), { weight: nn.parameter(weight) });
}

/** Runs a table that another module owns. */
export class Embedder {
  readonly #table: nn.Embedding;
  readonly #dropout: nn.Dropout;
  readonly #padding: number;
  readonly #dim: number;

  constructor(table: nn.Embedding, { dim, dropout }: TransformerSizes, { padding }: SpecialTokens) {
    this.#table = table;
    this.#dropout = new nn.Dropout(dropout);
    this.#padding = padding;
    this.#dim = dim;
  }

  /** int64 [batch, time] → [batch, time, dim] */
  forward(tokens: Tensor, context: nn.Context): Tensor {
    const vectors = this.#table.forward(tokens, context).mul(Math.sqrt(this.#dim));
    const { dtype, device } = vectors;
    const count = (tokens.shape[1] as number) + this.#padding + 1;
    const places = sinusoidalPositions(count, this.#dim, this.#padding).to({ dtype, device });
    const sum = vectors.add(embedding(places, positionsOf(tokens, this.#padding)));
    return this.#dropout.forward(sum, context);
  }
}
