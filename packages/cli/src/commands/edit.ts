/** `editable edit`: repair one mistake, show what else changed, write the repair as a small file. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { UsageError } from '../errors.js';
import { number, path, text } from '../options/kinds.js';
import {
  type ConstraintFlags,
  type CurvatureFlags,
  constraintOptions,
  curvatureOptions,
  type EditorFlags,
  editorOptionsWith,
  type InputFlags,
  inputOptions,
  type PatchFlags,
  patchOptions,
  type SessionFlags,
  sessionOptions,
  type TestImagesFlags,
  testImagesOptions,
} from '../options/shared.js';
import type { OptionTable } from '../options/table.js';

interface EditFlags
  extends InputFlags,
    EditorFlags,
    ConstraintFlags,
    CurvatureFlags,
    PatchFlags,
    TestImagesFlags,
    SessionFlags {
  readonly target: string;
  readonly precision: number | undefined;
  readonly out: string | undefined;
}

const options: OptionTable<EditFlags> = {
  ...inputOptions,
  target: { kind: text('label', 'a class by number or name'), required: true, description: 'the class it must have' },
  ...constraintOptions,
  ...editorOptionsWith('natural'),
  ...curvatureOptions,
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
  ],
  run: editFromFlags,
});

async function editFromFlags(
  [folder]: readonly (string | undefined)[],
  flags: EditFlags,
  console: Console,
): Promise<number> {
  const { openModel } = await import('../open-model.js');
  const { chooseEditor } = await import('../editor-choice.js');
  const { labelNamed, readPicture } = await import('../picture.js');
  const { curvatureOf } = await import('../jobs/curvature.js');
  const { repair } = await import('../jobs/repair.js');
  const { describePicture, describeRepair } = await import('../report/repair-text.js');
  const { makeRunFolder } = await import('editable');
  const opened = await openModel(folder as string, flags, console);
  const { classes } = opened.run.config;
  const target = labelNamed(flags.target, classes);
  const picture = await readPicture(flags, opened.dataset);
  const editor = await chooseEditor(opened.run, flags, { usual: 'natural' });
  const curvature = curvatureOf(opened, { images: flags.controlImages }, console);
  const { testImages, precision, seed } = flags;
  const out = flags.out ?? defaultPatch(opened.run.folder, picture, target);
  if (flags.out === undefined) makeRunFolder(dirname(out));
  else if (!existsSync(dirname(out)))
    throw new UsageError(`--out: expected a file in a folder that exists, received "${out}".`);
  const done = repair(opened, { picture, target, editor, curvature, testImages, precision, seed, out });
  console.print(describePicture(picture, classes));
  console.print(describeRepair(done, classes));
  console.result({ ...done.document, changes: done.flips });
  return done.document.success ? exitCodes.done : exitCodes.editFailed;
}

function defaultPatch(
  folder: string,
  { index, file }: { index: number | null; file: string | null },
  target: number,
): string {
  const source = index === null ? basename(file as string).replace(/\.[^.]*$/, '') : `test-${index}`;
  return join(folder, 'patches', `${source}-to-${target}.safetensors`);
}
