/** Training images as the trained part of a network receives them. */
import { type Device, type nn, noGrad, scope, type Tensor, tensor } from '@editable/torch';
import { type Augment, assembleBatch, augmentedImages, type ImageSplit, type Normalization } from '../data/index.js';

/** The model that a training starts from. */
export interface StartingModel {
  readonly device: Device;
  readonly whole: nn.Model;
  /** The part of it that is trained. */
  readonly model: nn.Model;
}

/** What a step reads ahead: called when the step comes, it makes the tensors. */
export type ReadImages = () => { readonly input: Tensor; readonly target: Tensor };

export interface TrainingInputs {
  /** The images at `indices`, augmented; `range`: only those from one position to before another. */
  read(indices: readonly number[], augment?: Augment, range?: readonly [number, number]): Promise<ReadImages>;
}

export interface TrainingInputsOptions {
  readonly normalization: Normalization;
  /** Images are augmented: what the trained part receives of one is another thing each time. */
  readonly augments: boolean;
  /** Bytes of received inputs that are kept. Default: 2 GiB. */
  readonly memory?: number;
}

const usualMemory = 2 * 2 ** 30;

/**
 * Where a part of the network is frozen and nothing is augmented, the frozen part runs once an image and what it gives is kept,
 * as far as it fits into memory; else it runs for every batch.
 */
export function trainingInputs(
  images: ImageSplit,
  start: StartingModel,
  { normalization, augments, memory = usualMemory }: TrainingInputsOptions,
): TrainingInputs {
  const fresh = new FreshInputs(images, start, normalization);
  if (augments || start.model === start.whole) return fresh;
  const shape = fresh.received(0);
  return 4 * images.length * numelOf(shape) <= memory ? new KeptInputs(images, fresh, shape) : fresh;
}

/** Made anew each time. */
class FreshInputs implements TrainingInputs {
  readonly #images: ImageSplit;
  readonly #start: StartingModel;
  readonly #normalization: Normalization;

  constructor(images: ImageSplit, start: StartingModel, normalization: Normalization) {
    this.#images = images;
    this.#start = start;
    this.#normalization = normalization;
  }

  get device(): Device {
    return this.#start.device;
  }

  async read(indices: readonly number[], augment?: Augment, range?: readonly [number, number]): Promise<ReadImages> {
    const read = await augmentedImages(this.#images, indices, augment, range);
    return () => {
      const { images, labels } = assembleBatch(read, Uint32Array.from(read.labels.keys()), {
        normalization: this.#normalization,
      });
      const input = tensor(images, { shape: [read.length, ...read.shape], device: this.device });
      return { input: this.#enter(input), target: tensor(labels, { device: this.device }) };
    };
  }

  /** The shape, without the batch, of what the trained part receives. */
  received(index: number): readonly number[] {
    return scope(() => {
      const { images } = assembleBatch(this.#images, [index], { normalization: this.#normalization });
      const { shape } = this.#enter(tensor(images, { shape: [1, ...this.#images.shape], device: this.device }));
      return shape.slice(1);
    });
  }

  #enter(images: Tensor): Tensor {
    const { whole, model } = this.#start;
    if (model === whole) return images;
    return noGrad(() => scope(() => whole.call(images, { to: whole.stages.length - model.stages.length }).output));
  }
}

/** Neighbours of the split that go through the frozen part together. */
const together = 32;

/** Every image goes through the frozen part once, and always with the same others: the same bits whichever batch asks first. */
class KeptInputs implements TrainingInputs {
  readonly #images: ImageSplit;
  readonly #fresh: FreshInputs;
  readonly #shape: readonly number[];
  /** Of the neighbours from `together` times a position on, one after another. */
  readonly #kept = new Map<number, Float32Array>();

  constructor(images: ImageSplit, fresh: FreshInputs, shape: readonly number[]) {
    this.#images = images;
    this.#fresh = fresh;
    this.#shape = shape;
  }

  async read(
    indices: readonly number[],
    _augment?: Augment,
    [from, to]: readonly [number, number] = [0, indices.length],
  ): Promise<ReadImages> {
    const own = indices.slice(from, to);
    const missing = [...new Set(own.map(positionOf))].filter((position) => !this.#kept.has(position));
    const read = await Promise.all(missing.map(async (each) => [each, await this.#readNeighbours(each)] as const));
    return () => {
      for (const [position, make] of read) this.#keep(position, make);
      const each = numelOf(this.#shape);
      const rows = new Float32Array(own.length * each);
      for (const [row, index] of own.entries()) {
        const start = (index % together) * each;
        rows.set((this.#kept.get(positionOf(index)) as Float32Array).subarray(start, start + each), row * each);
      }
      const labels = BigInt64Array.from(own, (index) => BigInt(this.#images.labels[index] as number));
      const { device } = this.#fresh;
      return {
        input: tensor(rows, { shape: [own.length, ...this.#shape], device }),
        target: tensor(labels, { device }),
      };
    };
  }

  #readNeighbours(position: number): Promise<ReadImages> {
    const start = position * together;
    const count = Math.min(together, this.#images.length - start);
    return this.#fresh.read(Array.from({ length: count }, (_, i) => start + i));
  }

  /** Two steps that were read ahead may both have found it missing. */
  #keep(position: number, make: ReadImages): void {
    if (this.#kept.has(position)) return;
    this.#kept.set(
      position,
      scope(() => make().input.to('float32').data() as Float32Array),
    );
  }
}

const positionOf = (index: number): number => Math.floor(index / together);

const numelOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
