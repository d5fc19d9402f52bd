/** A model's tensors for training to write in: copies, because a model's own are never changed. */
import { grad, type nn, noGrad, optim, type Tensor, type Tree } from '@editable/torch';

export class WorkingCopy<Input extends Tree = Tensor, State extends Tree = Input> implements Disposable {
  /** Leaves that ask for gradients. */
  readonly parameters: nn.NamedTensors;
  readonly buffers: nn.NamedTensors;
  readonly #model: nn.Model<Input, State>;

  constructor(model: nn.Model<Input, State>) {
    this.#model = model;
    this.parameters = new Map(
      [...model.parameters].map(([name, value]) => [name, value.detach().clone().requiresGrad_()]),
    );
    this.buffers = new Map([...model.buffers].map(([name, value]) => [name, value.clone()]));
  }

  /** The model to train: it reads the running statistics from here. */
  get training(): nn.Model<Input, State> {
    return this.#model.with({ buffers: this.buffers });
  }

  /** The model as it is now; training that goes on changes its parameters. */
  get trained(): nn.Model<Input, State> {
    const parameters = new Map([...this.parameters].map(([name, value]) => [name, value.detach()]));
    const buffers = new Map([...this.buffers].map(([name, value]) => [name, value.clone()]));
    return this.#model.with({ parameters, buffers });
  }

  /** Takes over running statistics that a forward pass in train mode returned. */
  keep(buffers: nn.NamedTensors): void {
    for (const [name, value] of buffers) noGrad(() => this.buffers.get(name)?.copy_(value));
  }

  /** What `trained` returned lives on. */
  [Symbol.dispose](): void {
    for (const value of [...this.parameters.values(), ...this.buffers.values()]) value.dispose();
  }
}

/** One step down the gradient of `loss`, its norm bounded by `clipNorm`. */
export function clippedStep(
  optimizer: optim.Optimizer,
  loss: Tensor,
  parameters: readonly Tensor[],
  clipNorm: number,
): void {
  const { gradients } = optim.clipGradNorm(grad(loss, parameters, { allowUnused: true }), clipNorm);
  optimizer.step(parameters, gradients);
}
