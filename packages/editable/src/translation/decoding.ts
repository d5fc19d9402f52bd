/**
 * A decoder that gives one token after another. Keys and values of what was decoded stand in one pool a sentence; a row
 * (one of the sentence's unfinished translations) sees its own ancestors in it through a mask, so that rows change places
 * without their caches being copied. Rows of one sentence share the source's keys and values.
 */
import { embedding, empty, eye, keep, layerNorm, linear, noGrad, scope, type Tensor, tensor } from '@editable/torch';
import type { Affine, DecoderLayerWeights, DecoderWeights } from './decoder-weights.js';

interface KeysAndValues {
  /** [sentences, places, dim] */
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** One translation that goes on. */
export interface DecodingRow {
  /** The token to read next. */
  readonly token: number;
  /** Places in the pool of its sentence of the tokens before. */
  readonly ancestors: readonly number[];
}

const firstCapacity = 64;

export class Decoding implements Disposable {
  readonly #weights: DecoderWeights;
  /** [heads, dim]: 1 where the dimension is the head's. */
  readonly #headMask: Tensor;
  #memories: readonly KeysAndValues[];
  /** Added to scores: −∞ at padding, [sentences, 1, source time]. */
  #sourceMask: Tensor;
  #pools: readonly KeysAndValues[];
  #sentences: number;
  #used = 0;
  #step = 0;

  /** `memory`: what the encoder gives, [sentences, source time, dim]; `padding`: bool [sentences, source time]. */
  constructor(weights: DecoderWeights, memory: Tensor, padding: Tensor) {
    const { heads, dim, layers } = weights;
    const { dtype, device } = memory;
    this.#weights = weights;
    this.#sentences = memory.shape[0] as number;
    this.#headMask = scope(() => eye(heads, { dtype, device }).repeatInterleave(dim / heads, { dim: 1 }));
    this.#sourceMask = scope(() => additive(padding, memory).unsqueeze(1));
    this.#memories = layers.map((layer) => scope(() => memoryOf(layer.memory, memory)));
    this.#pools = layers.map(() => this.#emptyPool(firstCapacity));
  }

  get sentences(): number {
    return this.#sentences;
  }

  /**
   * Reads one token in each row, `rows.length / sentences` rows a sentence, and gives the logits of the next: [rows,
   * vocabulary in whole groups]. Row i of a sentence stands at place `used + i` of its pool afterwards.
   */
  advance(rows: readonly DecodingRow[]): Tensor {
    const width = rows.length / this.#sentences;
    this.#grow(this.#used + width);
    const places = this.#used + width;
    const logits = noGrad(() => scope(() => this.#run(rows, width, places)));
    this.#used = places;
    this.#step += 1;
    return logits;
  }

  /** Places taken in each sentence's pool. */
  get used(): number {
    return this.#used;
  }

  /** Goes on with some sentences, and of each pool with some places (as many of each), in the order given. */
  keep(sentences: readonly number[], places: readonly (readonly number[])[]): void {
    const kept = (places[0] as readonly number[]).length;
    const capacity = this.#capacity;
    const index = (values: readonly number[]): Tensor =>
      tensor(BigInt64Array.from(values, BigInt), { device: this.#sourceMask.device });
    const room = Math.max(firstCapacity, 2 ** Math.ceil(Math.log2(kept + 1)));
    const before = [this.#sourceMask, ...this.#tensors];
    const after = noGrad(() =>
      scope(() => {
        const own = index(sentences);
        const flat = index(
          sentences.flatMap((sentence, i) =>
            (places[i] as readonly number[]).map((place) => sentence * capacity + place),
          ),
        );
        const [count, dim] = [sentences.length, this.#weights.dim];
        const pool = (value: Tensor): Tensor => {
          const made = empty([count, room, dim], { dtype: value.dtype, device: value.device });
          made.narrow(1, 0, kept).copy_(value.view([-1, dim]).indexSelect(0, flat).view([count, kept, dim]));
          return made;
        };
        return {
          mask: this.#sourceMask.indexSelect(0, own),
          memories: this.#memories.map((each) => both(each, (value) => value.indexSelect(0, own))),
          pools: this.#pools.map((each) => both(each, pool)),
        };
      }),
    );
    this.#sourceMask = after.mask;
    this.#memories = after.memories;
    this.#pools = after.pools;
    this.#sentences = sentences.length;
    this.#used = kept;
    for (const each of before) each.dispose();
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    for (const each of [this.#headMask, this.#sourceMask, ...this.#tensors]) each.dispose();
  }

  get #tensors(): Tensor[] {
    return [...this.#memories, ...this.#pools].flatMap(({ keys, values }) => [keys, values]);
  }

  get #capacity(): number {
    return this.#pools[0]?.keys.shape[1] as number;
  }

  #emptyPool(capacity: number): KeysAndValues {
    const { dtype, device } = this.#weights.table;
    const make = (): Tensor => empty([this.#sentences, capacity, this.#weights.dim], { dtype, device });
    return { keys: make(), values: make() };
  }

  #grow(places: number): void {
    if (places <= this.#capacity) return;
    const before = this.#pools;
    this.#pools = before.map((pool) => {
      // A step's own scope ends before the pool is done with.
      const larger = both(this.#emptyPool(2 * Math.max(this.#capacity, places)), keep);
      noGrad(() =>
        scope(() => {
          larger.keys.narrow(1, 0, this.#used).copy_(pool.keys.narrow(1, 0, this.#used));
          larger.values.narrow(1, 0, this.#used).copy_(pool.values.narrow(1, 0, this.#used));
        }),
      );
      return larger;
    });
    for (const { keys, values } of before) for (const each of [keys, values]) each.dispose();
  }

  #run(rows: readonly DecodingRow[], width: number, places: number): Tensor {
    const { table, positions, output, layers, special } = this.#weights;
    const { device } = table;
    const tokens = tensor(
      BigInt64Array.from(rows, ({ token }) => BigInt(token)),
      { device },
    );
    const mask = this.#ancestorMask(rows, width, places);
    const start = embedding(table, tokens).add(positions.select(0, this.#step + special.padding + 1)); // [rows, dim]
    const last = layers.reduce((x, layer, i) => {
      const attended = normalised(
        x,
        this.#attendOwn(layer, x, { pool: this.#pools[i] as KeysAndValues, width, places, mask }),
        layer.ownNorm,
      );
      const looked = normalised(
        attended,
        this.#attendSource(layer, attended, this.#memories[i] as KeysAndValues),
        layer.memoryNorm,
      );
      return normalised(looked, apply(layer.fc2, apply(layer.fc1, looked).relu()), layer.norm);
    }, start);
    return apply(output, last);
  }

  /** Added to scores: 0 at a row's ancestors and itself, −∞ elsewhere: [sentences, width, 1, places]. */
  #ancestorMask(rows: readonly DecodingRow[], width: number, places: number): Tensor {
    const mask = new Float32Array(rows.length * places).fill(Number.NEGATIVE_INFINITY);
    for (const [i, { ancestors }] of rows.entries()) {
      for (const place of ancestors) mask[i * places + place] = 0;
      mask[i * places + this.#used + (i % width)] = 0;
    }
    const { dtype, device } = this.#weights.table;
    return tensor(mask, { shape: [this.#sentences, width, 1, places], device }).to(dtype);
  }

  #attendOwn(
    { own, ownOut }: DecoderLayerWeights,
    x: Tensor,
    { pool, width, places, mask }: { pool: KeysAndValues; width: number; places: number; mask: Tensor },
  ): Tensor {
    const [query, key, value] = apply(own, x).chunk(3, { dim: 1 }) as [Tensor, Tensor, Tensor];
    const shape = [this.#sentences, width, this.#weights.dim];
    pool.keys.narrow(1, this.#used, width).copy_(key.view(shape));
    pool.values.narrow(1, this.#used, width).copy_(value.view(shape));
    const seen = both(pool, (each) => each.narrow(1, 0, places));
    return apply(ownOut, this.#attend(query, seen, mask));
  }

  #attendSource({ query, memoryOut }: DecoderLayerWeights, x: Tensor, memory: KeysAndValues): Tensor {
    return apply(memoryOut, this.#attend(apply(query, x), memory, this.#sourceMask.unsqueeze(1)));
  }

  /**
   * All rows of a sentence at once. Each head's query is filled up with zeros to the whole width, so that heads are rows of
   * one product a sentence: four times the work at four heads, in a fraction of the calls.
   */
  #attend(query: Tensor, { keys, values }: KeysAndValues, mask: Tensor): Tensor {
    const { heads, dim } = this.#weights;
    const count = query.shape[0] as number;
    const queries = query.unsqueeze(1).mul(this.#headMask).view([this.#sentences, -1, dim]); // [sentences, width × heads, dim]
    const scores = queries.bmm(keys.transpose(1, 2)); // [sentences, width × heads, places]
    const masked = scores.view([this.#sentences, -1, heads, scores.shape[2] as number]).add_(mask);
    const read = masked
      .softmax(-1)
      .view([...scores.shape])
      .bmm(values);
    const ofHeads = read.view([count, heads, heads, dim / heads]).diagonal({ dim1: 1, dim2: 2 }); // [rows, dim / heads, heads]
    return ofHeads.transpose(1, 2).reshape([count, dim]);
  }
}

const apply = ({ weight, bias }: Affine, x: Tensor): Tensor => linear(x, weight, { bias });

const normalised = (x: Tensor, part: Tensor, { weight, bias }: Affine): Tensor =>
  layerNorm(x.add(part), [x.shape[1] as number], { weight, bias });

const both = ({ keys, values }: KeysAndValues, change: (value: Tensor) => Tensor): KeysAndValues => ({
  keys: change(keys),
  values: change(values),
});

function memoryOf(projection: Affine, memory: Tensor): KeysAndValues {
  const [keys, values] = apply(projection, memory).chunk(2, { dim: 2 }) as [Tensor, Tensor];
  return { keys: keys.contiguous(), values: values.contiguous() };
}

/** 0, and −∞ where `hidden` is true. */
const additive = (hidden: Tensor, like: Tensor): Tensor =>
  like.select(2, 0).zerosLike().maskedFill(hidden, Number.NEGATIVE_INFINITY);
