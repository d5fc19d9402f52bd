/**
 * Deep k-nearest neighbours (Papernot & McDaniel, 2018; section 4.1): an image is of the class that most of its k nearest
 * training images have, in the space of a network's pooled activations. An edit flips the labels of the input's nearest
 * neighbours to the target, nearest first, until the prediction is the target.
 */
import { cat, type nn, noGrad, scope, type Tensor } from '@editable/torch';
import { sequentialBatches } from '../data/index.js';
import { checkLabel } from '../editing/constraints/classification.js';
import { EditableError } from '../errors.js';
import type { BasePredictions, Repair, Repairer } from '../evaluation/repairer.js';
import type { TestSet } from '../evaluation/test-set.js';
import { modelHash } from '../patches/model-hash.js';
import { countVotes, majority, NearestNeighbors } from './nearest-neighbors.js';
import { classesOfModel, unchanged } from './repaired-model.js';
import { hashOf, type TrainImages, trainBatch } from './train-images.js';

export interface DeepNearestNeighborsOptions {
  readonly train: TrainImages;
  readonly k: number;
  /**
   * Stages whose outputs make the embedding: each is averaged over its pixels and scaled to length one, and the parts are
   * joined. Default: the last stage before the head.
   */
  readonly stages?: readonly string[];
}

/** Steps are labels flipped; there is no loss. */
export class DeepNearestNeighborsRepairer implements Repairer {
  readonly identity: Readonly<Record<string, unknown>>;
  readonly labels: Int32Array;
  readonly base: BasePredictions;
  readonly #model: nn.Model;
  readonly #stages: readonly number[];
  readonly #neighbors: NearestNeighbors;
  readonly #trainLabels: Int32Array;
  readonly #classes: number;
  /** Of the judged images, k each. */
  readonly #judged: Uint32Array;

  /** The test set stays the caller's to dispose. @throws EditableError UNKNOWN_LAYER, INVALID_ARGUMENT, NOT_FINITE */
  constructor(model: nn.Model, testSet: TestSet, { train, k, stages }: DeepNearestNeighborsOptions) {
    this.#model = model;
    this.#stages = stageEnds(model, stages);
    this.#trainLabels = train.split.labels.slice();
    this.#classes = classesOfModel(model, testSet);
    this.#neighbors = new NearestNeighbors(this.#embedAll(train), k);
    this.#judged = join(testSet.images.batches.map((batch) => this.#nearest(batch)));
    const names = this.#stages.map((end) => model.stages[end - 1]!.name);
    this.identity = { method: 'dknn', model: modelHash(model), k, stages: names, train: hashOf(train) };
    this.labels = testSet.labels;
    const shares = countVotes(this.#judged, this.#trainLabels, this.#ballot());
    this.base = {
      classes: this.#vote(this.#judged, this.#trainLabels),
      probabilities: Float32Array.from(shares, (votes) => votes / k),
    };
  }

  classify(images: Tensor): Int32Array {
    return this.#vote(this.#nearest(images), this.#trainLabels);
  }

  repair(input: Tensor, target: number): Repair {
    checkLabel(target, this.#classes);
    const own = this.#nearest(input);
    const flipped = this.#trainLabels.slice();
    let steps = 0;
    for (const neighbor of own) {
      if (this.#vote(own, flipped)[0] === target) break;
      if (flipped[neighbor] === target) continue;
      flipped[neighbor] = target;
      steps += 1;
    }
    if (steps === 0) return unchanged(this, null);
    return {
      success: this.#vote(own, flipped)[0] === target,
      steps,
      loss: null,
      changed: true,
      judge: (positions) => this.#vote(rows(this.#judged, this.#neighbors.k, positions), flipped),
      classify: (images) => this.#vote(this.#nearest(images), flipped),
    };
  }

  #nearest(images: Tensor): Uint32Array {
    return scope(() => this.#neighbors.nearest(embed(this.#model, images, this.#stages)));
  }

  #vote(neighbors: Uint32Array, labels: Int32Array): Int32Array {
    return majority(neighbors, labels, this.#ballot());
  }

  #ballot(): { k: number; classes: number } {
    return { k: this.#neighbors.k, classes: this.#classes };
  }

  #embedAll(train: TrainImages): Tensor {
    const batches = [...sequentialBatches(train.split.length, 250)];
    return scope(() =>
      cat(batches.map((indices) => scope(() => embed(this.#model, trainBatch(train, indices).input, this.#stages)))),
    );
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    this.#neighbors[Symbol.dispose]();
  }
}

/** The stages as the numbers that `call` takes for `to`, ascending. */
function stageEnds(model: nn.Model, names: readonly string[] | undefined): readonly number[] {
  if (names === undefined) return [Math.max(model.stages.length - 1, 1)];
  const known = model.stages.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined && names.length > 0)
    return known.flatMap((name, i) => (names.includes(name) ? [i + 1] : []));
  throw new EditableError(
    'UNKNOWN_LAYER',
    `stages: expected some of ${known.join(', ')}, received ${unknown === undefined ? 'none' : `"${unknown}"`}.`,
  );
}

/** [n, features] */
function embed(model: nn.Model, images: Tensor, ends: readonly number[]): Tensor {
  return noGrad(() => {
    let value = images;
    const parts = ends.map((to, i) => {
      value = model.call(value, { from: ends[i - 1] ?? 0, to }).output;
      const pooled = value.shape.length === 4 ? value.mean([2, 3]) : value.flatten({ startDim: 1 });
      return pooled.div(pooled.linalgVectorNorm({ dim: [1], keepdim: true }).clamp({ min: 1e-12 }));
    });
    return parts.length === 1 ? (parts[0] as Tensor) : cat(parts, { dim: 1 });
  });
}

function join(parts: readonly Uint32Array[]): Uint32Array {
  const whole = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

const rows = (values: Uint32Array, width: number, positions: readonly number[] | undefined): Uint32Array =>
  positions === undefined
    ? values
    : join(positions.map((position) => values.subarray(position * width, (position + 1) * width)));
