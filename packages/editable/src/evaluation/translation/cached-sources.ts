/** What the encoder gives for test sentences, computed once, and batches of any of them: edits of decoder layers leave it alone. */
import { cat, type Tensor, tensor, zeros } from '@editable/torch';
import type { TransformerSpec, TranslationModel } from '../../models/transformer/index.js';
import {
  type EncodedBatch,
  type EncodedSources,
  encodeSources,
  type Sentence,
  sourceBatches,
} from '../../translation/source-batches.js';

export class CachedSources implements Disposable {
  readonly #sources: readonly Sentence[];
  readonly #encoded: EncodedSources;
  /** Where each sentence lies: batch and row. */
  readonly #places: readonly (readonly [batch: EncodedBatch, row: number])[];

  /** Lives until disposed of. @throws as `encodeSources` */
  constructor(model: TranslationModel, spec: TransformerSpec, sources: readonly Sentence[]) {
    this.#sources = sources;
    this.#encoded = encodeSources(model, spec, sources);
    const places: (readonly [EncodedBatch, number])[] = [];
    for (const batch of this.#encoded.batches)
      for (const [row, at] of batch.indices.entries()) places[at] = [batch, row];
    this.#places = places;
  }

  get all(): EncodedSources {
    return this.#encoded;
  }

  /** The sentences at these positions, numbered in their order; the tensors are the caller's scope's. */
  at(positions: readonly number[]): EncodedSources {
    const own = positions.map((at) => this.#sources[at] as Sentence);
    const batches = sourceBatches(own).map((indices) =>
      this.#batch(
        indices,
        indices.map((i) => positions[i] as number),
      ),
    );
    return { count: positions.length, batches };
  }

  #batch(indices: readonly number[], positions: readonly number[]): EncodedBatch {
    const longest = Math.max(...positions.map((at) => (this.#sources[at] as Sentence).length));
    const rows = positions.map((at) => this.#row(at, longest));
    const hidden = positions.map((at) => (this.#sources[at] as Sentence).length);
    const padding = Uint8Array.from(
      hidden.flatMap((length) => Array.from({ length: longest }, (_, i) => +(i >= length))),
    );
    const memory = cat(rows);
    const mask = tensor(padding, { shape: [positions.length, longest], device: memory.device }).to('bool');
    return { indices, memory, padding: mask };
  }

  /** [1, longest, dim], zeros after the sentence: they are masked. */
  #row(at: number, longest: number): Tensor {
    const [{ memory }, row] = this.#places[at] as readonly [EncodedBatch, number];
    const { length } = this.#sources[at] as Sentence;
    const own = memory.narrow(0, row, 1).narrow(1, 0, length);
    if (length === longest) return own;
    const { dtype, device } = memory;
    return cat([own, zeros([1, longest - length, memory.shape[2] as number], { dtype, device })], { dim: 1 });
  }

  [Symbol.dispose](): void {
    for (const { memory, padding } of this.#encoded.batches) for (const each of [memory, padding]) each.dispose();
  }
}
