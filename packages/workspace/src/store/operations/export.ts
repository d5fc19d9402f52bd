/** A release for others: the whole repaired model, or only what it changes, as files that PyTorch reads. */
import { join } from 'node:path';
import { encodeScriptModule, type nn, type Tensor, writeFileAtomically, writeSafetensors } from '@editable/torch';
import { savePatch } from 'editable';
import { WorkspaceError } from '../../errors.js';
import { layersText } from '../../runs/editor-choice.js';
import { pytorchFile } from '../pytorch-file.js';
import { type Bench, loadRelease } from '../store-base.js';

/** The whole model as safetensors, a state dict for `torch.load` or a program for `torch.jit.load`; or a patch for `--patch`. */
export type ExportFormat = 'safetensors' | 'pytorch' | 'torchscript' | 'patch';

export interface Exported {
  readonly release: string | null;
  readonly format: ExportFormat;
  readonly path: string;
  readonly tensors: number;
  /** Hash of the model that the file gives. */
  readonly result: string;
}

/** @throws WorkspaceError REFUSED for a release of another base, INVALID_ARGUMENT for a program where the base is none; TorchError INVALID_FILE where the file cannot be written */
export function exportRelease(
  bench: Bench,
  { id, format, path }: { readonly id: string | null; readonly format: ExportFormat; readonly path: string },
): Exported {
  const { model, release } = loadRelease(bench, id);
  const whole = new Map([...model.parameters, ...model.buffers]);
  const tensors = format === 'patch' ? (release?.changed.length ?? 0) : whole.size;
  if (format === 'safetensors') writeSafetensors(path, hostTensors(whole), described(bench, id));
  else if (format === 'pytorch') writeFileAtomically(path, pytorchFile(hostTensors(whole)));
  else if (format === 'torchscript') writeFileAtomically(path, encodeScriptModule(programOf(bench), model));
  else writePatch(bench, model, path, release);
  return { release: id, format, path, tensors, result: release?.result ?? bench.base.base };
}

/** The base's file. */
function programOf({ base, opened, store }: Bench): string {
  const { model } = opened.run.config;
  if (model.kind === 'torchscript') return join(store.files.baseFolder(base.base), model.file);
  throw new WorkspaceError(
    'INVALID_ARGUMENT',
    `export: expected a base that is a TorchScript program, this one is ${model.kind}; export a PyTorch state dict.`,
  );
}

const hostTensors = (tensors: nn.NamedTensors): Map<string, ReturnType<Tensor['toHost']>> =>
  new Map([...tensors].map(([name, value]) => [name, value.toHost()]));

const described = ({ base }: Bench, id: string | null): ReadonlyMap<string, string> =>
  new Map([['format', 'pt'], ['base', base.base], ...(id === null ? [] : [['release', id] as const])]);

function writePatch(
  { opened, store }: Bench,
  model: nn.Model,
  path: string,
  release: ReturnType<typeof loadRelease>['release'],
): void {
  const repairs = (release?.repairs ?? []).map((id) => store.repair(id));
  savePatch(path, opened.model, model, release?.changed ?? [], {
    editor: 'natural',
    hyperparameters: {},
    layers: layersText(release?.solver.layers ?? 'all'),
    steps: release?.steps ?? 0,
    success: true,
    dataset: opened.dataset.name,
    ...(release === null ? {} : { drawdown: release.effect.drawdown, flips: release.effect.flips }),
    repairs: repairs.map(({ wish, source }) => ({
      label: wish.target,
      className: source.targetName,
      ...(source.index === null ? {} : { index: source.index }),
      ...(source.file === null ? {} : { image: source.file }),
    })),
  });
}
