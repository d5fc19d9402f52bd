/** The extra layer of section 4.3, between the pooling and the last layer: x + W₂ ELU(W₁ x), made to be edited. */
import { nn, type Tensor, zeros } from '@editable/torch';

/** [batch, features] → [batch, features]. A new one changes nothing: W₂ and its bias begin at zero. */
export class ExtraLayer extends nn.Module {
  readonly expand: nn.Linear;
  readonly contract: nn.Linear;

  constructor(features: number, hidden: number) {
    super();
    this.expand = new nn.Linear(features, hidden);
    this.contract = Object.assign(new nn.Linear(hidden, features), {
      weight: nn.parameter(zeros([features, hidden])),
      bias: nn.parameter(zeros([features])),
    });
  }

  override forward(input: Tensor, context: nn.Context): Tensor {
    return input.add(this.contract.forward(this.expand.forward(input, context).elu(), context));
  }
}
