/** The convolution that MobileNets are made of; batch normalisation follows it, so it has no bias. */
import { nn } from '@editable/torch';
import { starting } from './initial-weights.js';

export interface ConvolutionOptions {
  readonly stride?: number;
  readonly groups?: number;
}

/** Padded to keep its size but for the stride; initialised by what leaves it. */
export function convolution(
  inChannels: number,
  outChannels: number,
  kernelSize: 1 | 3 | 5,
  { stride = 1, groups = 1 }: ConvolutionOptions = {},
): nn.Conv2d {
  const padding = (kernelSize - 1) / 2;
  const layer = new nn.Conv2d(inChannels, outChannels, kernelSize, { stride, padding, groups, bias: false });
  const shape = [outChannels, inChannels / groups, kernelSize, kernelSize];
  return starting(layer, nn.kaimingNormal(shape, outChannels * kernelSize ** 2));
}
