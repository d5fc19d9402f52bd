/** The Transformer for translation (Vaswani et al., 2017) as fairseq v0.8.0 has it. */
import { linear, nn, ones, randn, type Tensor } from '@editable/torch';
import { Embedder, tokenTable } from './embedder.js';
import { DecoderLayer, EncoderLayer } from './layers.js';
import type { TransformerOptions, TransformerSizes } from './options.js';
import { fairseqTokens, previousTokens, type SpecialTokens, type TokenPair } from './tokens.js';

/** Between encoder stages: what it knows of the source so far, [batch, source time, dim], and the target that waits. */
export type EncoderState = { readonly hidden: Tensor; readonly padding: Tensor; readonly target: Tensor };

/** Between decoder stages: the target so far [batch, target time, dim], and the encoder's output with its padding. */
export type DecoderState = { readonly hidden: Tensor; readonly memory: Tensor; readonly padding: Tensor };

export type TranslationState = EncoderState | DecoderState;

/** Gives logits [batch, target time, vocabulary]: of each token of the target, after the source and the tokens before it. */
export type TranslationModel = nn.Model<TokenPair, TranslationState>;

interface Parts {
  readonly sizes: TransformerSizes;
  readonly table: nn.Embedding;
  readonly special: SpecialTokens;
}

class Encoder extends nn.Module<TokenPair, EncoderState> {
  readonly embed_tokens: nn.Embedding;
  readonly layers: readonly EncoderLayer[];
  readonly #embed: Embedder;
  readonly #padding: number;

  constructor({ sizes, table, special }: Parts) {
    super();
    this.embed_tokens = table;
    this.layers = Array.from({ length: sizes.encoderLayers }, () => new EncoderLayer(sizes));
    this.#embed = new Embedder(table, sizes, special);
    this.#padding = special.padding;
  }

  embed({ source, target }: TokenPair, context: nn.Context): EncoderState {
    return { hidden: this.#embed.forward(source, context), padding: source.eq(this.#padding), target };
  }

  override forward(input: TokenPair, context: nn.Context): EncoderState {
    return this.layers.reduce((state, layer) => through(layer, state, context), this.embed(input, context));
  }
}

const through = (layer: EncoderLayer, state: EncoderState, context: nn.Context): EncoderState => ({
  ...state,
  hidden: layer.forward(state, context),
});

class Decoder extends nn.Module<EncoderState, Tensor> {
  readonly embed_tokens: nn.Embedding;
  readonly layers: readonly DecoderLayer[];
  readonly output_projection: nn.Linear | undefined;
  readonly #embed: Embedder;
  readonly #special: SpecialTokens;

  constructor({ sizes, table, special }: Parts, output: nn.Linear | undefined) {
    super();
    this.embed_tokens = table;
    this.layers = Array.from({ length: sizes.decoderLayers }, () => new DecoderLayer(sizes));
    this.output_projection = output;
    this.#embed = new Embedder(table, sizes, special);
    this.#special = special;
  }

  embed({ hidden: memory, padding, target }: EncoderState, context: nn.Context): DecoderState {
    return { hidden: this.#embed.forward(previousTokens(target, this.#special), context), memory, padding };
  }

  layer(at: number, state: DecoderState, context: nn.Context): DecoderState {
    const time = state.hidden.shape[1] as number;
    const future = ones([time, time], { dtype: 'bool', device: state.hidden.device }).triu({ diagonal: 1 });
    return { ...state, hidden: (this.layers[at] as DecoderLayer).forward({ ...state, future }, context) };
  }

  /** Hidden states → logits. */
  output({ hidden }: DecoderState, context: nn.Context): Tensor {
    const apart = this.output_projection;
    return apart === undefined
      ? linear(hidden, context.read(this.embed_tokens.weight))
      : apart.forward(hidden, context);
  }

  override forward(input: EncoderState, context: nn.Context): Tensor {
    const last = this.layers.reduce((state, _, i) => this.layer(i, state, context), this.embed(input, context));
    return this.output(last, context);
  }
}

export class Transformer extends nn.Module<TokenPair, Tensor> {
  readonly encoder: Encoder;
  readonly decoder: Decoder;

  constructor(
    sizes: TransformerSizes,
    { sourceVocabulary, targetVocabulary, special = fairseqTokens }: TransformerOptions,
  ) {
    super();
    const { dim, tied } = sizes;
    const targets = tokenTable(targetVocabulary, dim, special);
    const sources = tied === 'all' ? targets : tokenTable(sourceVocabulary, dim, special);
    this.encoder = new Encoder({ sizes, table: sources, special });
    this.decoder = new Decoder(
      { sizes, table: targets, special },
      tied === 'none' ? outputLayer(targetVocabulary, dim) : undefined,
    );
  }

  /** One for each embedding and layer, named by its tensors' prefix, and `output`. */
  override stages(): readonly nn.Stage<never, unknown>[] {
    const { encoder, decoder } = this;
    const embedSource = stage<TokenPair, EncoderState>('encoder.embed_tokens', (input, context) =>
      encoder.embed(input, context),
    );
    const embedTarget = stage<EncoderState, DecoderState>('decoder.embed_tokens', (input, context) =>
      decoder.embed(input, context),
    );
    const output = stage<DecoderState, Tensor>('output', (input, context) => decoder.output(input, context), [
      decoder.output_projection === undefined ? 'decoder.embed_tokens' : 'decoder.output_projection',
    ]);
    return [
      embedSource,
      ...encoder.layers.map((layer, i) =>
        stage<EncoderState, EncoderState>(`encoder.layers.${i}`, (input, context) => through(layer, input, context)),
      ),
      embedTarget,
      ...decoder.layers.map((_, i) =>
        stage<DecoderState, DecoderState>(`decoder.layers.${i}`, (input, context) => decoder.layer(i, input, context)),
      ),
      output,
    ];
  }

  /** Logits [batch, target time, vocabulary]: what each target token is guessed by from those before it. */
  override forward(input: TokenPair, context: nn.Context): Tensor {
    return this.decoder.forward(this.encoder.forward(input, context), context);
  }
}

function outputLayer(vocabulary: number, dim: number): nn.Linear {
  const layer = new nn.Linear(dim, vocabulary, { bias: false });
  return Object.assign(layer, { weight: nn.parameter(randn([vocabulary, dim]).mul(dim ** -0.5)) });
}

const stage = <Input, Output>(
  name: string,
  forward: nn.Stage<Input, Output>['forward'],
  children: readonly string[] = [name],
): nn.Stage<Input, Output> => ({ name, children, forward });
