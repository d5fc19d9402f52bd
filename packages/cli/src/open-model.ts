/** A run made ready for use: its data set, its model on the device, the patches that were asked for applied in order. */
import type { Device, nn } from '@editable/torch';
import type { ImageDataset, PatchInfo, Run } from 'editable';
import type { DataFlags, DeviceFlags, PatchFlags } from './options/shared.js';

export interface OpenedModel {
  readonly run: Run;
  readonly dataset: ImageDataset;
  /** The run's model with the patches applied. */
  readonly model: nn.Model;
  readonly patches: readonly PatchInfo[];
  readonly device: Device;
}

export async function openModel(folder: string, flags: DataFlags & DeviceFlags & PatchFlags): Promise<OpenedModel> {
  const { applyPatch, openRun, loadDataset } = await import('editable');
  const device = await usableDevice(flags.device);
  const run = openRun(folder, { device });
  const dataset = await loadDataset(run.config.dataset, { dataDir: flags.dataDir });
  const applied: PatchInfo[] = [];
  let { model } = run;
  for (const path of flags.patch ?? []) {
    const patched = applyPatch(model, path);
    model = patched.model;
    applied.push(patched.info);
  }
  return { run, dataset, model, patches: applied, device };
}

/** @throws UsageError for a GPU that this machine or this libtorch does not have */
export async function usableDevice(device: string): Promise<Device> {
  if (device === 'cpu') return device;
  const { cudaIsAvailable } = await import('@editable/torch');
  const { UsageError } = await import('./errors.js');
  if (!cudaIsAvailable()) {
    throw new UsageError(
      `--device: expected cpu, as this libtorch finds no GPU here, received "${device}"; "editable info" says which libtorch is used.`,
    );
  }
  return device as Device;
}
