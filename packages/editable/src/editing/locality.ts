/** L_loc (equation 4) on control inputs: what a curvature is the second-order form of. */
import {
  enableGrad,
  grad,
  keep,
  leavesOf,
  mapTree,
  type nn,
  noGrad,
  scope,
  type Tensor,
  type Tree,
} from '@editable/torch';
import { firstStageOf } from './layers.js';
import { named } from './named.js';

/** The divergence of a model's answers from the unedited model's, as a function of some of its parameters. */
export interface Locality extends Disposable {
  readonly parameters: readonly string[];
  /** Groups that the control inputs are in; one stands for all in a step. */
  readonly groups: number;
  /** Mean KL(p(y|x, θ₀) ‖ p(y|x, θ)) over a group's answers, in nats: an image's class, or a place of a translation. */
  divergence(theta: readonly Tensor[], group: number): number;
  /** The same with its gradient, a tensor for each parameter. */
  gradient(theta: readonly Tensor[], group: number): { readonly divergence: number; readonly gradients: Tensor[] };
}

export interface LocalityOptions {
  readonly names: readonly string[];
  /** Default 1. */
  readonly groups?: number;
}

interface Batch {
  /** What the first edited stage receives. */
  readonly received: Tree;
  /** log p(y|x, θ₀), [..., answers] */
  readonly before: Tensor;
  /** Answers that the mean is over. */
  readonly count: number;
}

/** Of batches of control inputs, each what the first edited stage receives; they are kept, on the model's device. */
export class ControlLocality implements Locality {
  readonly parameters: readonly string[];
  readonly groups: number;
  readonly #model: nn.Model<Tree>;
  readonly #from: number;
  readonly #batches: readonly Batch[];

  /** `batches`: without padding, whose places would count. */
  constructor(model: nn.Model<Tree>, batches: Iterable<Tree>, { names, groups = 1 }: LocalityOptions) {
    this.parameters = names;
    this.#model = model;
    this.#from = firstStageOf(model, names);
    const theta = names.map((name) => model.parameters.get(name) as Tensor);
    this.#batches = noGrad(() =>
      Array.from(batches, (batch) => {
        // Whoever makes the batches frees each of them.
        const received = mapTree(batch, (leaf) => keep(leaf.clone()));
        const before = keep(scope(() => this.#logProbabilities(received, theta)));
        return { received, before, count: before.numel / (before.shape.at(-1) as number) };
      }),
    );
    this.groups = Math.max(1, Math.min(groups, this.#batches.length));
  }

  divergence(theta: readonly Tensor[], group: number): number {
    const batches = this.#of(group);
    const sum = noGrad(() => batches.reduce((total, batch) => total + scope(() => this.#sum(batch, theta).item()), 0));
    return sum / countOf(batches);
  }

  gradient(theta: readonly Tensor[], group: number): { readonly divergence: number; readonly gradients: Tensor[] } {
    const batches = this.#of(group);
    const count = countOf(batches);
    const leaves = theta.map((each) => each.detach().requiresGrad_());
    let sum = 0;
    const gradients = theta.map((each) => each.zerosLike());
    for (const batch of batches) {
      scope(() => {
        const own = enableGrad(() => this.#sum(batch, leaves));
        sum += own.item();
        const parts = grad(own, leaves, { allowUnused: true });
        noGrad(() => {
          for (const [i, total] of gradients.entries()) total.add_(parts[i] as Tensor, { alpha: 1 / count });
        });
      });
    }
    return { divergence: sum / count, gradients };
  }

  #of(group: number): readonly Batch[] {
    return this.#batches.filter((_, i) => i % this.groups === group % this.groups);
  }

  #sum({ received, before }: Batch, theta: readonly Tensor[]): Tensor {
    return before
      .exp()
      .mul(before.sub(this.#logProbabilities(received, theta)))
      .sum();
  }

  #logProbabilities(received: Tree, theta: readonly Tensor[]): Tensor {
    const parameters = named(this.parameters, theta);
    return this.#model.call(received, { from: this.#from, parameters }).output.logSoftmax(-1);
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    for (const { received, before } of this.#batches) {
      for (const leaf of [...leavesOf(received), before]) leaf.dispose();
    }
  }
}

const countOf = (batches: readonly Batch[]): number => batches.reduce((sum, { count }) => sum + count, 0);
