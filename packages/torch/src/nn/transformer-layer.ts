/** What the encoder and decoder layers of a Transformer have in common: residuals, and the feed-forward part. */
import { gelu, relu } from '../functions.generated.js';
import type { Tensor } from '../tensor.js';
import { Dropout } from './dropout.js';
import type { LayerNorm } from './layer-norm.js';
import type { Linear } from './linear.js';
import { type Context, Module } from './module.js';

export interface TransformerLayerOptions {
  /** Width of the hidden layer of the feed-forward part. */
  readonly feedForward?: number;
  readonly dropout?: number;
  readonly activation?: 'relu' | 'gelu';
  /** Normalise before each part instead of after it. */
  readonly normFirst?: boolean;
}

export abstract class TransformerLayer<Input> extends Module<Input> {
  abstract readonly linear1: Linear;
  abstract readonly linear2: Linear;
  readonly #dropout: Dropout;
  readonly #activation: 'relu' | 'gelu';
  readonly #normFirst: boolean;

  constructor({ dropout = 0.1, activation = 'relu', normFirst = false }: TransformerLayerOptions) {
    super();
    this.#dropout = new Dropout(dropout);
    this.#activation = activation;
    this.#normFirst = normFirst;
  }

  protected residual(input: Tensor, norm: LayerNorm, part: (input: Tensor) => Tensor, context: Context): Tensor {
    const inner = part(this.#normFirst ? norm.forward(input, context) : input);
    const sum = input.add(this.#dropout.forward(inner, context));
    return this.#normFirst ? sum : norm.forward(sum, context);
  }

  protected feedForward(input: Tensor, context: Context): Tensor {
    const activation = this.#activation === 'relu' ? relu : gelu;
    const hidden = activation(this.linear1.forward(input, context));
    return this.linear2.forward(this.#dropout.forward(hidden, context), context);
  }
}
