/** `editable curvature`: what the natural editor keeps of a run's network, computed once and kept with the run. */
import type { Sharing } from 'editable';
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { count, duration } from '../console/numbers.js';
import { facts } from '../console/table.js';
import { deviceOf, sharing } from '../group.js';
import { wholeNumber } from '../options/kinds.js';
import { refuseOptionsOf } from '../options/other-task.js';
import {
  type ControlFlags,
  controlOptions,
  type DeviceFlags,
  deviceOptions,
  editorKinds,
  type OutputFlags,
  outputOptions,
  type ShardFlags,
  type SourceFlags,
  shardOptionsOf,
  sourceOptionsWith,
} from '../options/shared.js';
import type { OptionTable } from '../options/table.js';
import { translatorCurvature } from './translation-repairs.js';

interface CurvatureCommandFlags extends ControlFlags, DeviceFlags, ShardFlags, SourceFlags, OutputFlags {
  readonly images: number | undefined;
  readonly sentences: number | undefined;
  readonly layers: readonly string[] | undefined;
}

const options: OptionTable<CurvatureCommandFlags> = {
  ...controlOptions,
  images: {
    kind: wholeNumber({ min: 10 }),
    description: 'so many of them; a few hundred serve (default: 1000)',
  },
  sentences: {
    kind: wholeNumber({ min: 10 }),
    description: 'translation: so many training sentences (default: 1000)',
  },
  layers: {
    kind: editorKinds.layers,
    description: 'what edits may change: layer3, chain-3, all; commas between (default: what edit takes)',
  },
  ...shardOptionsOf('compute only this share of it'),
  ...deviceOptions,
  ...sourceOptionsWith("the run's"),
  ...outputOptions,
};

export const curvatureCommand: ReturnType<typeof defineCommand> = defineCommand<CurvatureCommandFlags>({
  name: 'curvature',
  summary: 'Compute what the natural editor keeps of a network; edit and repair do so at first use.',
  arguments: [{ name: 'run', description: 'the run folder' }],
  options,
  examples: [
    'curvature runs/resnet20',
    'curvature runs/resnet20 --images 300 --layers layer3,head',
    'curvature runs/squeezenet --control photographs',
    'curvature runs/de-en --sentences 500',
    'curvature runs/resnet20 --shard 3/16',
  ],
  run: (words, flags, console) => sharing(flags, console, (own, among) => curvatureFromFlags(words, flags, own, among)),
});

const script =
  'This run is a TorchScript program, whose layers are not seen: its curvature is computed at each use, from gradients of single images, and not kept.';

async function curvatureFromFlags(
  [folder]: readonly (string | undefined)[],
  flags: CurvatureCommandFlags,
  console: Console,
  { share, group }: Sharing,
): Promise<number> {
  const { taskOfRun } = await import('editable');
  if (taskOfRun(folder as string) === 'translation')
    return translatorCurvature(folder as string, flags, console, { share, group });
  refuseOptionsOf('translation', flags, ['sentences']);
  const { chooseNatural, computeCurvature, openModel } = await import('@editable/workspace');
  const { fileSize } = await import('../report/file-size.js');
  const opened = await shown(console, (job) =>
    openModel(folder as string, { ...flags, device: deviceOf(flags.device, group) }, job),
  );
  const { layers } = chooseNatural(opened.run, { layers: flags.layers });
  if (opened.run.model.layers.length === 0) {
    group?.finish();
    console.print(script);
    console.result({ run: opened.run.folder, path: null, found: false, note: script });
    return exitCodes.done;
  }
  const document = await shown(console, (job) =>
    computeCurvature(opened, { layers, images: flags.images, share, group }, job),
  );
  group?.finish();
  console.print(
    facts([
      ['curvature', document.found ? 'found: it was there already' : `computed in ${duration(document.seconds)}`],
      ['layers', `${document.layers}: ${count(document.parameters)} tensors, ${count(document.numbers)} numbers`],
      ['images', `${count(document.images)} control images`],
      ['file', `${document.path} (${fileSize(document.path)})`],
    ]),
  );
  console.result(document);
  return exitCodes.done;
}
