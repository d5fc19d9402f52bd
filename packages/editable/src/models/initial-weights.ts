/** Layers that start as torchvision's do where that is not PyTorch's default. */
import { nn, randn, type Tensor, zeros } from '@editable/torch';

/** The layer with this weight, and zeros for its bias where it has one. */
export const starting = <Layer extends nn.Conv2d | nn.Linear>(layer: Layer, weight: Tensor): Layer =>
  Object.assign(layer, {
    weight: nn.parameter(weight),
    ...(layer.bias === undefined ? {} : { bias: nn.parameter(zeros([weight.shape[0] as number])) }),
  });

/** Weights from N(0, 0.01²). */
export const smallLinear = (inFeatures: number, outFeatures: number): nn.Linear =>
  starting(new nn.Linear(inFeatures, outFeatures), randn([outFeatures, inFeatures]).mul(0.01));
