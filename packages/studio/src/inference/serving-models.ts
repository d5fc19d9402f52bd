/** The networks that answer: loaded, run and freed, in whatever thread this is. */
import { nn, noGrad, scope, setThreads, type Tensor, TorchError, tensor } from '@editable/torch';
import { loadRelease, openServingBench, type ServingBench, Store, WorkspaceError } from '@editable/workspace';
import type { InferenceData, LoadCall, Loaded, RunCall } from './inference-calls.js';

interface ServedModel extends Loaded {
  readonly model: nn.Model;
  /** Answers lone pictures in about half the model's time; it takes no other number of them. */
  readonly lone: nn.InferenceProgram | null;
  readonly base: string;
}

export class ServingModels implements Disposable {
  readonly #store: Store;
  readonly #data: InferenceData;
  readonly #bases = new Map<string, ServingBench>();
  readonly #models = new Map<string, ServedModel>();

  /** @throws WorkspaceError where the store cannot be opened */
  constructor(data: InferenceData) {
    this.#data = data;
    this.#store = Store.open(data.store);
    setThreads(data.threads);
  }

  /**
   * Read, checked against its hash, and tried on a grey picture before anybody is answered by it.
   *
   * @throws WorkspaceError DAMAGED_STORE, NOT_FOUND, or REFUSED where the grey picture's answer is not finite
   */
  load({ release, base }: LoadCall): Loaded {
    const version = release ?? base;
    const there = this.#models.get(version);
    if (there !== undefined) return loadedOf(there);
    const bench = this.#bases.get(base) ?? this.#openBase(base);
    this.#bases.set(base, bench);
    const { model } = loadRelease(bench, release);
    const { config } = bench.opened.run;
    const shape = [1, ...config.shape] as const;
    const logits = this.#answersOf(model, new Float32Array(shape.reduce((product, side) => product * side, 1)), shape);
    if (logits.length !== config.classes.length || !logits.every(Number.isFinite)) {
      throw new WorkspaceError(
        'REFUSED',
        `expected ${config.classes.length} finite numbers of ${version.slice(0, 10)}, received ${logits.length} on a grey picture; it is not served.`,
      );
    }
    const served = { version, model, base, classes: logits.length, ...this.#optimized(model, shape) };
    this.#models.set(version, served);
    return loadedOf(served);
  }

  /** Frees what only this version has. */
  unload(version: string): void {
    const { model, base, lone } = this.#models.get(version) ?? {};
    if (model === undefined || base === undefined) return;
    this.#models.delete(version);
    lone?.[Symbol.dispose]();
    const shared = this.#bases.get(base)?.opened.model;
    for (const [name, value] of model.parameters) if (value !== shared?.parameters.get(name)) value.dispose();
    if (![...this.#models.values()].some((each) => each.base === base)) this.#bases.delete(base);
  }

  /** [pictures, classes]. @throws WorkspaceError NOT_FOUND for a version that is not loaded */
  run({ version, shape, data }: RunCall): Float32Array<ArrayBuffer> {
    const { model, lone } = this.#models.get(version) ?? absent(version);
    const [pictures, ...each] = shape;
    if (pictures === 1) return this.#answersOf(lone ?? model, data, shape);
    if (!this.#data.exact) return this.#answersOf(model, data, shape);
    const size = data.length / pictures;
    const rows = Array.from({ length: pictures }, (_, at) =>
      this.#answersOf(model, data.subarray(at * size, (at + 1) * size), [1, ...each]),
    );
    const width = rows[0]?.length ?? 0;
    const logits = new Float32Array(pictures * width);
    for (const [at, row] of rows.entries()) logits.set(row, at * width);
    return logits;
  }

  #openBase(base: string): ServingBench {
    const stored = this.#store.state.bases.get(base);
    if (stored !== undefined) return openServingBench(this.#store, { base: stored, device: this.#data.device });
    throw new WorkspaceError('NOT_FOUND', `${this.#data.store} has no base ${base.slice(0, 10)}.`);
  }

  /** A TorchScript program stays as its author optimised it. */
  #optimized(model: nn.Model, shape: readonly number[]): Pick<ServedModel, 'lone' | 'unoptimized'> {
    const { device, exact } = this.#data;
    if (exact || device !== 'cpu' || model.layers.length === 0) return { lone: null, unoptimized: null };
    try {
      const lone = scope(() => nn.optimizeForInference(model, this.#pictures(unevenPicture(shape), shape)));
      return { lone, unoptimized: null };
    } catch (error) {
      if (error instanceof TorchError) return { lone: null, unoptimized: error.message };
      throw error;
    }
  }

  #pictures(data: Float32Array, shape: readonly number[]): Tensor {
    return tensor(data, { shape: [...shape], device: this.#data.device as 'cpu' });
  }

  #answersOf(
    network: nn.Model | nn.InferenceProgram,
    data: Float32Array,
    shape: readonly number[],
  ): Float32Array<ArrayBuffer> {
    return scope(() =>
      noGrad(() => {
        const pictures = this.#pictures(data, shape);
        const output = 'run' in network ? network.run(pictures) : network.call(pictures).output;
        return Float32Array.from(output.to('cpu').contiguous().data() as Iterable<number>);
      }),
    );
  }

  [Symbol.dispose](): void {
    for (const version of [...this.#models.keys()]) this.unload(version);
    this.#store[Symbol.dispose]();
  }
}

const loadedOf = ({ version, classes, unoptimized }: ServedModel): Loaded => ({ version, classes, unoptimized });

/** Uneven, so that no mistake of the program's goes unseen. */
const unevenPicture = (shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: shape.reduce((product, side) => product * side, 1) }, (_, at) => Math.sin(at));

function absent(version: string): never {
  throw new WorkspaceError('NOT_FOUND', `${version.slice(0, 10)} is not loaded.`);
}
