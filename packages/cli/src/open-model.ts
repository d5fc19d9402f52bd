/** A run made ready for use: its data set, its model on the device, the patches that were asked for applied in order. */
import type { Device, nn } from '@editable/torch';
import type { ImageDataset, ImageSplit, PatchInfo, Run, RunConfig, SplitName } from 'editable';
import type { Console } from './console/console.js';
import { UsageError } from './errors.js';
import { openControl, openData, sourceOf } from './open-data.js';
import type { ControlFlags, DeviceFlags, PatchFlags, SourceFlags } from './options/shared.js';

export interface OpenedModel {
  readonly run: Run;
  readonly dataset: ImageDataset;
  /** The run's model with the patches applied. */
  readonly model: nn.Model;
  readonly patches: readonly PatchInfo[];
  readonly device: Device;
  /** What --control names; left out: the training images. */
  readonly control?: ImageSplit;
}

/** `splits`: of photographs, those that the command looks at; left out: all. */
export async function openModel(
  folder: string,
  flags: SourceFlags & DeviceFlags & PatchFlags & Partial<ControlFlags>,
  console: Console,
  splits?: readonly SplitName[],
): Promise<OpenedModel> {
  const { applyPatch, openRun } = await import('editable');
  const device = await usableDevice(flags.device);
  const run = openRun(folder, { device });
  const { dataset: usual, preprocessing, normalization } = run.config;
  const source = sourceOf(flags, usual);
  const dataset = await openData(source, flags, console, { preprocessing, normalization, splits });
  requireFitting(dataset, run.config);
  const applied: PatchInfo[] = [];
  let { model } = run;
  for (const path of flags.patch ?? []) {
    const patched = applyPatch(model, path);
    model = patched.model;
    applied.push(patched.info);
  }
  const control = flags.control === undefined ? {} : { control: await openControl(flags.control, run.config, console) };
  return { run, dataset, model, patches: applied, device, ...control };
}

function requireFitting({ name, classes, shape }: ImageDataset, config: RunConfig): void {
  if (classes.length !== config.classes.length) {
    throw new UsageError(
      `--dataset: expected the run's ${config.classes.length} classes, received ${classes.length} of ${name}; name the network's classes with --classes.`,
    );
  }
  if (shape.join() === config.shape.join()) return;
  throw new UsageError(
    `--dataset: expected images of ${config.shape.join('×')}, as the run takes them, received ${shape.join('×')} of ${name}.`,
  );
}

/** @throws UsageError for a GPU that this machine or this libtorch does not have */
export async function usableDevice(device: string): Promise<Device> {
  if (device === 'cpu') return device;
  const { cudaIsAvailable } = await import('@editable/torch');
  if (!cudaIsAvailable()) {
    throw new UsageError(
      `--device: expected cpu, as this libtorch finds no GPU here, received "${device}"; "editable info" says which libtorch is used.`,
    );
  }
  return device as Device;
}
