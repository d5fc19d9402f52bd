/** The networks that are built here, by name. Imports nothing: help and option checks read it without libtorch. */

export const networkNames = [
  'cifar-resnet18',
  'resnet20',
  'resnet32',
  'resnet44',
  'resnet56',
  'resnet110',
  'resnet18',
  'resnet34',
  'resnet50',
  'densenet121',
  'densenet169',
  'squeezenet1_0',
  'squeezenet1_1',
  'mobilenet_v2',
  'mobilenet_v3_large',
  'mobilenet_v3_small',
  'vgg16_bn',
] as const;

export type NetworkName = (typeof networkNames)[number];
