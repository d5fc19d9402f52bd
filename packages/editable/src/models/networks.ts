/** The table of networks: how each is built, which sizes it takes, and what its published weights expect of a picture. */
import type { nn } from '@editable/torch';
import { cifarResNet18 } from './cifar-resnet18.js';
import { densenet121, densenet169 } from './densenet.js';
import { mobilenet_v2 } from './mobilenet-v2.js';
import { mobilenet_v3_large, mobilenet_v3_small } from './mobilenet-v3.js';
import type { NetworkName } from './network-names.js';
import type { NetworkOptions } from './network-options.js';
import { resnet18, resnet34, resnet50 } from './resnet.js';
import { resnet20, resnet32, resnet44, resnet56, resnet110 } from './resnet-cifar.js';
import { squeezenet1_0, squeezenet1_1 } from './squeezenet.js';
import { vgg16_bn } from './vgg.js';

/** From a picture to a network's input. */
export interface Preprocessing {
  /** Pixels of the shorter side before the crop; left out: the picture is not resized. */
  readonly resize?: number;
  /** Pixels of a side of the square, cut from the middle, that the network sees. */
  readonly crop: number;
  /** Of each channel, of values from 0 to 1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export interface Network {
  /** A fresh network, its weights from libtorch's generator. */
  readonly build: (options: NetworkOptions & { readonly width?: number }) => nn.Module;
  /** Takes a `width`, the channels of its first chain. */
  readonly hasWidth?: true;
  /** Of its published weights. */
  readonly preprocessing?: Preprocessing;
  /** What edits change unless told: chain 3 (section 4.1), by the name that the network has for it. */
  readonly usualLayers: 'layer3' | 'chain-3';
}

const imageNetColours = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** The published checkpoints of 20 to 110 layers were trained on CIFAR-10 with ImageNet's numbers. */
const cifar = (build: Network['build']): Network => ({
  build,
  preprocessing: { crop: 32, ...imageNetColours },
  usualLayers: 'layer3',
});

/** torchvision's weights of ImageNet. */
const imageNet = (build: Network['build'], usualLayers: Network['usualLayers']): Network => ({
  build,
  preprocessing: { resize: 256, crop: 224, ...imageNetColours },
  usualLayers,
});

export const networks: Readonly<Record<NetworkName, Network>> = {
  'cifar-resnet18': { build: cifarResNet18, hasWidth: true, usualLayers: 'layer3' },
  resnet20: cifar(resnet20),
  resnet32: cifar(resnet32),
  resnet44: cifar(resnet44),
  resnet56: cifar(resnet56),
  resnet110: cifar(resnet110),
  resnet18: imageNet(resnet18, 'layer3'),
  resnet34: imageNet(resnet34, 'layer3'),
  resnet50: imageNet(resnet50, 'layer3'),
  densenet121: imageNet(densenet121, 'chain-3'),
  densenet169: imageNet(densenet169, 'chain-3'),
  squeezenet1_0: imageNet(squeezenet1_0, 'chain-3'),
  squeezenet1_1: imageNet(squeezenet1_1, 'chain-3'),
  mobilenet_v2: imageNet(mobilenet_v2, 'chain-3'),
  mobilenet_v3_large: imageNet(mobilenet_v3_large, 'chain-3'),
  mobilenet_v3_small: imageNet(mobilenet_v3_small, 'chain-3'),
  vgg16_bn: imageNet(vgg16_bn, 'chain-3'),
};
