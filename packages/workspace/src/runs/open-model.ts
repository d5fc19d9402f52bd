/** A run made ready for use: its data set, its model on the device, the patches that were asked for applied in order. */
import { cudaIsAvailable, type Device, type nn } from '@editable/torch';
import {
  applyPatch,
  type ImageDataset,
  type ImageSplit,
  openRun,
  type PatchInfo,
  type Run,
  type RunConfig,
  type SplitName,
} from 'editable';
import { invalid } from '../errors.js';
import type { JobOptions } from '../job-events.js';
import { type NamedSource, openControl, openData, sourceOf } from './open-data.js';

export interface OpenedModel {
  readonly run: Run;
  readonly dataset: ImageDataset;
  /** The run's model with the patches applied. */
  readonly model: nn.Model;
  readonly patches: readonly PatchInfo[];
  readonly device: Device;
  /** Photographs whose answers the natural editor keeps; left out: the training images. */
  readonly control?: ImageSplit;
}

export interface OpenModelOptions extends NamedSource {
  /** cpu, cuda or cuda:N; default: cpu */
  readonly device?: string | undefined;
  /** Patch files, applied in this order. */
  readonly patches?: readonly string[] | undefined;
  /** A folder of photographs without labels, whose answers the natural editor keeps. */
  readonly control?: string | undefined;
  /** Of photographs, the splits that are looked at; left out: all. */
  readonly splits?: readonly SplitName[] | undefined;
}

/** @throws WorkspaceError INVALID_ARGUMENT for settings that do not fit the run; EditableError for a folder that is none */
export async function openModel(
  folder: string,
  options: OpenModelOptions = {},
  job: JobOptions = {},
): Promise<OpenedModel> {
  const device = usableDevice(options.device ?? 'cpu');
  const run = openRun(folder, { device });
  const { dataset: usual, preprocessing, normalization } = run.config;
  const source = sourceOf(options, usual);
  const dataset = await openData(source, options, { preprocessing, normalization, splits: options.splits }, job);
  requireFitting(dataset, run.config);
  const applied: PatchInfo[] = [];
  let { model } = run;
  for (const path of options.patches ?? []) {
    const patched = applyPatch(model, path);
    model = patched.model;
    applied.push(patched.info);
  }
  const control = options.control === undefined ? {} : { control: await openControl(options.control, run.config, job) };
  return { run, dataset, model, patches: applied, device, ...control };
}

function requireFitting({ name, classes, shape }: ImageDataset, config: RunConfig): void {
  if (classes.length !== config.classes.length) {
    throw invalid(
      'dataset',
      `expected the run's ${config.classes.length} classes, received ${classes.length} of ${name}; name the network's classes in a file.`,
    );
  }
  if (shape.join() === config.shape.join()) return;
  throw invalid(
    'dataset',
    `expected images of ${config.shape.join('×')}, as the run takes them, received ${shape.join('×')} of ${name}.`,
  );
}

/** @throws WorkspaceError for a GPU that this machine or this libtorch does not have */
export function usableDevice(device: string): Device {
  if (device !== 'cpu' && !cudaIsAvailable()) {
    throw invalid(
      'device',
      `expected cpu, as this libtorch finds no GPU here, received "${device}"; "editable info" says which libtorch is used.`,
    );
  }
  return device as Device;
}
