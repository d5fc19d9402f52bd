/** Models by name, as commands and run configurations know them. */
import { basename, join } from 'node:path';
import { type Device, loadScriptModule, manualSeed, modelOf, type nn, scope } from '@editable/torch';
import { EditableError } from '../errors.js';
import { type ExtraLayerSize, gainOf, hiddenUnits } from './extra-layer.js';
import type { NetworkName } from './network-names.js';
import type { NetworkOptions } from './network-options.js';
import { networks } from './networks.js';

type Sizes = Required<Omit<NetworkOptions, 'extra'>> & Pick<NetworkOptions, 'extra'>;

/** A network that is built here. */
export type NetworkSpec =
  | ({ readonly kind: 'cifar-resnet18'; readonly width: number } & Sizes)
  | ({ readonly kind: Exclude<NetworkName, 'cifar-resnet18'> } & Sizes);

export type ModelSpec =
  | NetworkSpec
  /** `file` lies in the run's folder. */
  | { readonly kind: 'torchscript'; readonly file: string };

export type ModelKind = ModelSpec['kind'];

/** A spec as a run's configuration has it: what is `cifar-resnet18` now was written as `resnet18` of a width. */
export const readModelSpec = (spec: ModelSpec): ModelSpec =>
  spec.kind !== 'torchscript' && 'width' in spec && (spec.kind as string) === 'resnet18'
    ? { ...spec, kind: 'cifar-resnet18' }
    : spec;

export interface CreateModelOptions {
  /** Seeds libtorch's generator first, so that a seed gives the same weights on every device. */
  readonly seed?: number;
  /** Where a TorchScript model's file lies; default: the working directory. */
  readonly folder?: string;
  readonly device?: Device;
}

/**
 * The model of a spec, freshly initialised, or as its TorchScript file has it (a program: load only what you trust).
 *
 * @throws EditableError INVALID_ARGUMENT for an unknown kind or sizes that are no whole numbers in range;
 * TorchError INVALID_FILE where the file is not TorchScript.
 */
export function createModel(
  spec: ModelSpec,
  { seed = 0, folder = '.', device = 'cpu' }: CreateModelOptions = {},
): nn.Model {
  checkSeed(seed);
  manualSeed(seed);
  if (spec.kind === 'torchscript') return loadScriptModule(join(folder, plainFileName(spec.file)), { device });
  return scope(() => onDevice(modelOf(moduleOf(spec)), device));
}

/**
 * The model of a spec with another model's tensors: an extra layer, where the other has none, is new and changes nothing.
 *
 * @throws TorchError UNKNOWN_PARAMETER where the other has tensors that the spec's model lacks.
 */
export const grownFrom = (start: nn.Model, spec: ModelSpec, options: CreateModelOptions = {}): nn.Model =>
  spec.kind === 'torchscript'
    ? start
    : createModel(spec, options).with({ parameters: start.parameters, buffers: start.buffers });

/** The same model with every tensor on `device`; it shares those that are there already. */
export function onDevice(model: nn.Model, device: Device): nn.Model {
  const moved = (tensors: nn.NamedTensors): nn.NamedTensors =>
    new Map([...tensors].map(([name, value]) => [name, value.device === device ? value : value.to(device)]));
  return model.with({ parameters: moved(model.parameters), buffers: moved(model.buffers) });
}

function moduleOf({ kind, ...sizes }: NetworkSpec): nn.Module {
  if (!Object.hasOwn(networks, kind)) {
    const known = [...Object.keys(networks), 'torchscript'].join(', ');
    throw new EditableError('INVALID_ARGUMENT', `createModel: there is no model "${kind}"; known: ${known}.`);
  }
  const { build, hasWidth } = networks[kind];
  checkSize(kind, 'inChannels', sizes.inChannels);
  checkSize(kind, 'classes', sizes.classes, 2);
  if (sizes.extra !== undefined) checkExtra(kind, sizes.extra);
  if (hasWidth) checkSize(kind, 'width', (sizes as { readonly width?: number }).width);
  else if ('width' in sizes) {
    const scalable = Object.keys(networks).filter((name) => networks[name as NetworkName].hasWidth);
    throw new EditableError(
      'INVALID_ARGUMENT',
      `createModel: ${kind} expects no width, received ${sizes.width}; ${scalable.join(', ')} has one.`,
    );
  }
  return build(sizes);
}

// A larger number is a slip, and would end in an allocation that fails: width 1024 has 2.8 billion parameters.
const largest = { width: 1024, inChannels: 4096, classes: 65_536, extra: 65_536 };

function checkSize(kind: ModelKind, name: keyof typeof largest, value: unknown, least = 1): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= largest[name]) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `createModel: ${kind} expects ${name} to be a whole number from ${least} to ${largest[name]}, received ${value}.`,
  );
}

function checkExtra(kind: ModelKind, extra: ExtraLayerSize): void {
  checkSize(kind, 'extra', hiddenUnits(extra));
  const gain = gainOf(extra);
  if (Number.isFinite(gain) && gain > 0) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `createModel: ${kind} expects extra.gain to be a number above 0, received ${gain}.`,
  );
}

function checkSeed(seed: number): void {
  if (Number.isSafeInteger(seed) && seed >= 0) return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `createModel: expected a seed that is a whole number of at least 0, received ${seed}.`,
  );
}

// A run's configuration must not make a program of some other folder run.
function plainFileName(file: unknown): string {
  if (typeof file === 'string' && file !== '' && file !== '.' && file !== '..' && basename(file) === file) return file;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `createModel: expected torchscript's file to be the name of a file in the run's folder, received ${JSON.stringify(file)}.`,
  );
}
