/** `editable edit`: repair one mistake, show what else changed, write the repair as a small file. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { UsageError } from '../errors.js';
import { number, path, text } from '../options/kinds.js';
import { refuseOptionsOf } from '../options/other-task.js';
import { pictureNamed } from '../options/picture-named.js';
import {
  type ConstraintFlags,
  type CurvatureFlags,
  constraintOptions,
  curvatureOptions,
  type EditorFlags,
  editorOptionsWith,
  type InputFlags,
  inputOptions,
  type MetricFlags,
  metricOptions,
  type PatchFlags,
  patchOptions,
  type SessionFlags,
  sessionOptions,
  type TestImagesFlags,
  testImagesOptions,
} from '../options/shared.js';
import type { OptionTable } from '../options/table.js';
import { type SentenceControlFlags, sentenceControlOptions } from '../options/translation.js';
import { editTranslation } from './translation-repairs.js';

interface EditFlags
  extends InputFlags,
    EditorFlags,
    ConstraintFlags,
    CurvatureFlags,
    MetricFlags,
    SentenceControlFlags,
    PatchFlags,
    TestImagesFlags,
    SessionFlags {
  readonly source: string | undefined;
  readonly target: string;
  readonly precision: number | undefined;
  readonly out: string | undefined;
}

const options: OptionTable<EditFlags> = {
  ...inputOptions,
  source: { kind: text('sentence', 'a sentence'), description: 'translation: the sentence to be translated' },
  target: {
    kind: text('label|sentence', 'a class by number or name, or a translation'),
    required: true,
    description: 'the class it must have; of a sentence its translation',
  },
  ...constraintOptions,
  ...editorOptionsWith('natural'),
  ...curvatureOptions,
  ...metricOptions,
  ...sentenceControlOptions,
  ...patchOptions,
  ...testImagesOptions,
  precision: {
    kind: number({ above: 0 }),
    description: 'judge a sample just large enough to know the drawdown to ± this, 0.005 for 0.5 % (default: exactly)',
  },
  out: { kind: path('file'), description: 'where the patch goes (default: patches/ in the run)' },
  ...sessionOptions,
};

export const editCommand: ReturnType<typeof defineCommand> = defineCommand<EditFlags>({
  name: 'edit',
  summary: 'Repair one mistake: edit, see what else changed, write the patch. Exits with 2 if the edit fails.',
  arguments: [{ name: 'run', description: 'the run folder' }],
  options,
  examples: [
    'edit runs/editable --index 12 --target sneaker --out fix.safetensors',
    'edit runs/editable --index 12 --target sneaker --views 16',
    'edit runs/editable --image boot.png --target "Ankle boot" --patch fix.safetensors --out fix2.safetensors',
    'edit runs/de-en --source "Zwei Hunde laufen." --target "Two dogs are running." --views 4',
  ],
  run: editFromFlags,
});

async function editFromFlags(
  [folder]: readonly (string | undefined)[],
  flags: EditFlags,
  console: Console,
): Promise<number> {
  const { makeRunFolder, taskOfRun } = await import('editable');
  if (taskOfRun(folder as string) === 'translation') return editTranslation(folder as string, flags, console);
  refuseOptionsOf('translation', flags, ['source', 'controlSentences']);
  const { chooseEditor, curvatureOf, labelNamed, openModel, patchFile, readPicture, repair } = await import(
    '@editable/workspace'
  );
  const { describePicture, describeRepair } = await import('../report/repair-text.js');
  const opened = await shown(console, (job) => openModel(folder as string, { ...flags, patches: flags.patch }, job));
  const { classes } = opened.run.config;
  const target = labelNamed(flags.target, classes);
  const picture = await readPicture(pictureNamed(flags), opened.dataset);
  const editor = chooseEditor(opened.run, flags, { usual: 'natural' });
  const { testImages, precision, seed } = flags;
  const out = flags.out ?? patchFile(opened.run.folder, picture, target);
  if (flags.out === undefined) makeRunFolder(dirname(out));
  else if (!existsSync(dirname(out)))
    throw new UsageError(`--out: expected a file in a folder that exists, received "${out}".`);
  const done = await shown(console, (job) => {
    const curvature = curvatureOf(
      opened,
      { images: flags.controlImages, metric: editor.metric, settle: editor.settle },
      job,
    );
    return repair(opened, { picture, target, editor, curvature, testImages, precision, seed, out }, job);
  });
  console.print(describePicture(picture, classes));
  console.print(describeRepair(done, classes));
  console.result({ ...done.document, changes: done.flips });
  return done.document.success ? exitCodes.done : exitCodes.editFailed;
}
