import { describe, expect, it } from 'vitest';
import { forward, grad, modelOf, nn, type Tensor, tensor } from '../index.js';

class Square extends nn.Module {
  readonly weight: nn.Slot;
  constructor(weight: nn.Slot) {
    super();
    this.weight = weight;
  }
  override forward(input: Tensor, context: nn.Context): Tensor {
    return input.matmul(context.read(this.weight).t());
  }
}

/** x → W (W x): one slot under two names, as tied weights are made in PyTorch. */
class Tied extends nn.Module {
  readonly first: Square = new Square(
    nn.parameter(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    ),
  );
  readonly second: Square = new Square(this.first.weight);
  override stages(): readonly nn.Stage[] {
    return [
      { name: 'in', children: ['first'], forward: (x, context) => this.first.forward(x, context) },
      { name: 'out', children: ['second'], forward: (x, context) => this.second.forward(x, context) },
    ];
  }
  override forward(input: Tensor, context: nn.Context): Tensor {
    return this.second.forward(this.first.forward(input, context), context);
  }
}

const input = tensor([[1, 0]]);
const double = tensor([
  [2, 0],
  [0, 2],
]);

describe('modelOf a module with one slot under two names', () => {
  const model = modelOf(new Tied());

  it('gives the tensor once, under its first name, and to every stage that uses it', () => {
    expect([...model.parameters.keys()]).toEqual(['first.weight']);
    expect(model.stages.map(({ parameters }) => parameters)).toEqual([['first.weight'], ['first.weight']]);
    expect([...(model.aliases ?? [])]).toEqual([['second.weight', 'first.weight']]);
  });

  it.each(['first.weight', 'second.weight'])('changes both uses with %s', (name) => {
    const parameters = new Map([[name, double]]);
    expect(forward(model, input).tolist()).toEqual([[7, 15]]);
    expect(forward(model, input, { parameters }).tolist()).toEqual([[4, 0]]);
    expect(forward(model.with({ parameters }), input).tolist()).toEqual([[4, 0]]);
    expect(nn.functionalCall(new Tied(), parameters, input).output.tolist()).toEqual([[4, 0]]);
    expect([...model.with({ parameters }).parameters.keys()]).toEqual(['first.weight']);
  });

  it('sums the gradients of both uses', () => {
    const weight = model.parameters.get('first.weight')!.detach().requiresGrad_();
    const loss = forward(model, input, { parameters: new Map([['first.weight', weight]]) }).sum();
    // 1 (W x)ᵀ of the second use and (Wᵀ 1) xᵀ of the first.
    expect(grad(loss, [weight])[0]!.tolist()).toEqual([
      [5, 3],
      [7, 3],
    ]);
  });
});
