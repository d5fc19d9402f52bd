/** `editable predict`: what a run, patched if asked, makes of one picture. */
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown as withProgress } from '../console/job-display.js';
import { percent } from '../console/numbers.js';
import { table } from '../console/table.js';
import { pictureNamed } from '../options/picture-named.js';
import {
  type DeviceFlags,
  deviceOptions,
  type InputFlags,
  inputOptions,
  type OutputFlags,
  outputOptions,
  type PatchFlags,
  patchOptions,
  type SourceFlags,
  sourceOptionsWith,
} from '../options/shared.js';
import type { OptionTable } from '../options/table.js';

interface PredictFlags extends InputFlags, PatchFlags, DeviceFlags, SourceFlags, OutputFlags {}

const options: OptionTable<PredictFlags> = {
  ...inputOptions,
  ...patchOptions,
  ...deviceOptions,
  ...sourceOptionsWith("the run's"),
  ...outputOptions,
};

const shown = 5;

export const predictCommand: ReturnType<typeof defineCommand> = defineCommand<PredictFlags>({
  name: 'predict',
  summary: 'Classify one picture, with patches if asked: the five most probable classes.',
  arguments: [{ name: 'run', description: 'the run folder' }],
  options,
  examples: ['predict runs/editable --image boot.png', 'predict runs/editable --index 12 --patch fix.safetensors'],
  run: predictFromFlags,
});

async function predictFromFlags(
  [folder]: readonly (string | undefined)[],
  flags: PredictFlags,
  console: Console,
): Promise<number> {
  const { inputOf, openModel, probabilitiesOf, ranked, readPicture } = await import('@editable/workspace');
  const { describePicture } = await import('../report/repair-text.js');
  const named = pictureNamed(flags);
  const { run, dataset, model, device } = await withProgress(console, (job) =>
    openModel(folder as string, { ...flags, patches: flags.patch, splits: 'index' in named ? ['test'] : [] }, job),
  );
  const picture = await readPicture(named, dataset);
  const { classes, normalization } = run.config;
  const top = ranked(probabilitiesOf(model, inputOf(picture, dataset, normalization, device)), classes).slice(0, shown);
  console.print(describePicture(picture, classes));
  console.print(
    table(
      top.map(({ label, name, probability }) => [String(label), name, percent(probability)]),
      { head: ['Label', 'Class', 'Probability'], right: [0, 2] },
    ),
  );
  console.result({ ...top[0], top, truth: picture.truth, index: picture.index, image: picture.file });
  return exitCodes.done;
}
