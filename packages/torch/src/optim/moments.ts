/** What an optimizer remembers between steps: the count of steps, and lists of tensors beside the parameters. */
import { TorchError } from '../errors.js';
import type { NamedTensors } from '../nn/model.js';
import { keep } from '../scope.js';
import { describeTensor, type Tensor, tensor } from '../tensor.js';

export class Moments {
  /** Steps taken. */
  steps = 0;
  readonly #names: readonly string[];
  #lists: ReadonlyMap<string, readonly Tensor[]> = new Map();
  #loaded = false;

  /** `names`: of the lists, PyTorch's (`exp_avg`). */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Begins a step: zeros before the first one. */
  advance(parameters: readonly Tensor[], gradients: readonly Tensor[]): void {
    requireFit('gradients', parameters, gradients);
    if (this.steps === 0) this.#begin(parameters);
    else if (this.#loaded) this.#join(parameters);
    for (const [name, list] of this.#lists) requireSameLength(name, parameters, list);
    this.steps += 1;
  }

  /** The tensors of one name, one a parameter, to be updated in place. */
  list(name: string): readonly Tensor[] {
    return this.#lists.get(name) as readonly Tensor[];
  }

  /** Copies by name: `step`, and `exp_avg.0` for the first parameter's. */
  state(): NamedTensors {
    if (this.steps === 0) return new Map();
    const entries = [...this.#lists].flatMap(([name, list]) =>
      list.map((t, i) => [`${name}.${i}`, t.clone()] as const),
    );
    return new Map([['step', tensor(this.steps, { dtype: 'int64' })], ...entries]);
  }

  load(state: NamedTensors): void {
    const lists = new Map(this.#names.map((name) => [name, named(state, name)]));
    const known = [...lists].reduce((count, [, list]) => count + list.length, state.has('step') ? 1 : 0);
    if (known !== state.size || (state.size > 0 && !state.has('step'))) {
      throw new TorchError(
        'INVALID_ARGUMENT',
        `load: expected an optimizer state of ${['step', ...this.#names].join(', ')}; received ${[...state.keys()].slice(0, 8).join(', ')}.`,
      );
    }
    this.#replace(new Map([...lists].map(([name, list]) => [name, list.map((t) => t.detach().clone())])));
    this.steps = state.get('step')?.item() ?? 0;
    this.#loaded = true;
  }

  dispose(): void {
    this.#replace(new Map());
    this.steps = 0;
  }

  #begin(parameters: readonly Tensor[]): void {
    this.#replace(new Map(this.#names.map((name) => [name, parameters.map((p) => p.detach().zerosLike())])));
  }

  /** A state comes from a file without knowing the parameters it belongs to, nor their device. */
  #join(parameters: readonly Tensor[]): void {
    for (const [name, list] of this.#lists) requireFit(name, parameters, list);
    const moved = (list: readonly Tensor[]): Tensor[] =>
      list.map((t, i) => t.to((parameters[i] as Tensor).device).clone());
    this.#replace(new Map([...this.#lists].map(([name, list]) => [name, moved(list)])));
    this.#loaded = false;
  }

  #replace(lists: ReadonlyMap<string, readonly Tensor[]>): void {
    for (const t of [...this.#lists.values()].flat()) t.dispose();
    for (const t of [...lists.values()].flat()) keep(t);
    this.#lists = lists;
  }
}

function named(state: NamedTensors, name: string): Tensor[] {
  const found: Tensor[] = [];
  for (let t = state.get(`${name}.0`); t !== undefined; t = state.get(`${name}.${found.length}`)) found.push(t);
  return found;
}

function requireSameLength(what: string, parameters: readonly Tensor[], others: readonly Tensor[]): void {
  if (others.length === parameters.length) return;
  throw new TorchError(
    'INVALID_ARGUMENT',
    `step: received ${parameters.length} parameters and ${others.length} ${what}; every step needs the same parameters.`,
  );
}

function requireFit(what: string, parameters: readonly Tensor[], others: readonly Tensor[]): void {
  requireSameLength(what, parameters, others);
  for (const [i, p] of parameters.entries()) {
    const other = others[i] as Tensor;
    if (describeTensor(p) === describeTensor(other)) continue;
    throw new TorchError(
      'INVALID_ARGUMENT',
      `step: parameter ${i} is ${describeTensor(p)}, but ${what} has ${describeTensor(other)} there.`,
    );
  }
}
