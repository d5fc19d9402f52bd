/**
 * What every preview needs of the test images, made once: what the first stage that repairs change receives for each, and the
 * answers of what is served. A preview then runs the changed stages alone.
 */
import type { nn } from '@editable/torch';
import {
  type Activations,
  firstStageOf,
  type ImageSplit,
  type Preview,
  previewOf,
  selectParameters,
  stream,
  subset,
  TestSet,
} from 'editable';
import type { OpenedModel } from '../runs/open-model.js';
import type { Bench } from './store-base.js';
import { sha256 } from './wish.js';

/** Parts of the test images: the first gives figures at once, the last makes them exact. */
const firstImages = 500;
const growth = 3;

/** Of what is held for later; where it would be more, each preview makes it anew. */
const usualMemory = 2 ** 30;

/** Releases whose answers are held. */
const mostReleases = 2;

export interface JudgedPart {
  /** Of the images that were judged; flips by their index in the test split. */
  readonly preview: Preview;
  readonly images: number;
}

export interface TestAnswersOptions {
  /** Most bytes held; default 1 GiB. */
  readonly memory?: number;
}

/** Of one base. Free it with `using`. */
export class TestAnswers implements Disposable {
  readonly #parts: readonly TestPart[];

  constructor({ opened, base }: Pick<Bench, 'opened' | 'base'>, { memory = usualMemory }: TestAnswersOptions = {}) {
    const test = opened.dataset.split('test');
    const drawn = stream(base.solver.seed, 'test-images').sample(test.length, test.length);
    const from = firstStageOf(opened.model, selectParameters(opened.model, base.solver.layers));
    const parts: TestPart[] = [];
    for (let start = 0, size = firstImages; start < drawn.length; start += size, size = start * growth) {
      const positions = [...drawn.subarray(start, start + size)];
      const share = Math.floor((memory * positions.length) / drawn.length);
      parts.push(new TestPart(opened, test, { positions, from, memory: share }));
    }
    this.#parts = parts;
  }

  /** Makes what is held of the next part that lacks it; whether another one does. */
  prepare(served: nn.Model, version: string): boolean {
    this.#parts.find((part) => !part.isReady(version))?.before(served, version);
    return this.#parts.some((part) => !part.isReady(version));
  }

  /** Images that are judged where those of these hashes are left out. */
  countWithout(repaired: ReadonlySet<string>): number {
    return this.#parts.reduce((sum, part) => sum + part.positionsWithout(repaired).length, 0);
  }

  /** Part by part. Both models differ from the base in the solver's layers only. `version`: what `before` is known by. */
  *compare(
    before: { readonly model: nn.Model; readonly version: string },
    after: nn.Model,
    repaired: ReadonlySet<string>,
  ): Generator<JudgedPart> {
    for (const part of this.#parts) {
      const at = part.positionsWithout(repaired);
      if (at.length > 0) yield { preview: part.compare(before, after, at), images: at.length };
    }
  }

  /** Frees what is held. */
  [Symbol.dispose](): void {
    for (const part of this.#parts) part[Symbol.dispose]();
  }
}

interface TestPartOptions {
  /** In the test split. */
  readonly positions: readonly number[];
  readonly from: number;
  readonly memory: number;
}

class TestPart implements Disposable {
  readonly #opened: OpenedModel;
  readonly #split: ImageSplit;
  readonly #options: TestPartOptions;
  readonly #answers = new Map<string, Int32Array>();
  #hashes: readonly string[] | undefined;
  #held: Activations | undefined;

  constructor(opened: OpenedModel, test: ImageSplit, options: TestPartOptions) {
    this.#opened = opened;
    this.#split = subset(test, options.positions);
    this.#options = options;
  }

  isReady(version: string): boolean {
    return this.#answers.has(version);
  }

  /** The classes that a model gives, which is known by its version. */
  before(model: nn.Model, version: string): Int32Array {
    const known = this.#answers.get(version);
    if (known !== undefined) return known;
    const found = this.#predict(model);
    const oldest = this.#answers.size < mostReleases ? undefined : [...this.#answers.keys()][0];
    if (oldest !== undefined) this.#answers.delete(oldest);
    this.#answers.set(version, found);
    return found;
  }

  /** Places in this part of images with other hashes than these. */
  positionsWithout(repaired: ReadonlySet<string>): readonly number[] {
    this.#hashes ??= this.#options.positions.map((_, at) => sha256(this.#split.image(at)));
    return [...this.#hashes.keys()].filter((at) => !repaired.has((this.#hashes as readonly string[])[at] as string));
  }

  compare(
    { model, version }: { readonly model: nn.Model; readonly version: string },
    after: nn.Model,
    at: readonly number[],
  ): Preview {
    const before = this.before(model, version);
    const chosen = (values: Int32Array): Int32Array => Int32Array.from(at, (each) => values[each] as number);
    const labels = chosen(this.#split.labels);
    const found = previewOf(labels, chosen(before), this.#predict(after, at));
    const { positions } = this.#options;
    return {
      ...found,
      flips: found.flips.map((flip) => ({ ...flip, index: positions[at[flip.index] as number] as number })),
    };
  }

  /** From what is held, or from the images where that would be too much. */
  #predict(model: nn.Model, at?: readonly number[]): Int32Array {
    if (this.#held !== undefined) return this.#held.predict(model, at);
    const { run, device } = this.#opened;
    const { from, memory } = this.#options;
    // Not in reduced precision: whether that is faster here would be tried on every part.
    using images = new TestSet(this.#split, { normalization: run.config.normalization, device, memory });
    const activations = images.activations(this.#opened.model, from);
    if (activations.from > 0) this.#held = activations;
    return activations.predict(model, at);
  }

  [Symbol.dispose](): void {
    this.#held?.[Symbol.dispose]();
    this.#held = undefined;
  }
}
