/** `editable repair`: many repairs held together, what they cost, one patch for all of them. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { NamedRepairs } from '@editable/workspace';
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { UsageError } from '../errors.js';
import { choice, path, toggle, wholeNumber, wholeNumbers } from '../options/kinds.js';
import { refuseOptionsOf } from '../options/other-task.js';
import {
  type ConstraintFlags,
  type CurvatureFlags,
  constraintOptions,
  curvatureOptions,
  editorKinds,
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
import { repairTranslationMistakes } from './translation-repairs.js';

interface RepairFlags
  extends ConstraintFlags,
    CurvatureFlags,
    MetricFlags,
    SentenceControlFlags,
    PatchFlags,
    TestImagesFlags,
    SessionFlags {
  readonly mistakes: number | undefined;
  readonly indices: readonly number[] | undefined;
  readonly file: string | undefined;
  readonly atOnce: boolean;
  readonly editor: 'natural' | undefined;
  readonly layers: readonly string[] | undefined;
  readonly maxSteps: number;
  readonly out: string | undefined;
}

const options: OptionTable<RepairFlags> = {
  mistakes: {
    kind: wholeNumber({ min: 1 }),
    description: "so many of the model's mistakes on the test images, drawn by --seed, to their true labels",
  },
  indices: {
    kind: wholeNumbers('numbers of test images separated by commas'),
    description: 'these test images, to their true labels',
  },
  file: {
    kind: path('file'),
    description: 'JSON lines: {"image": "boot.png", "target": "Sneaker"} or {"index": 12, "target": 3}',
  },
  atOnce: {
    kind: toggle,
    default: false,
    description: 'solve the whole set from the base in one go: faster, and the same in any order',
  },
  ...constraintOptions,
  editor: { kind: choice(['natural']), description: 'natural, the only one that holds repairs together' },
  layers: {
    kind: editorKinds.layers,
    description: 'what may change: layer3, chain-3, layer3.0.conv1, all; commas between (default: what edit takes)',
  },
  maxSteps: {
    kind: editorKinds.maxSteps,
    default: 30,
    description: 'the most steps for one more repair, or with --at-once for the set',
  },
  ...curvatureOptions,
  ...metricOptions,
  ...sentenceControlOptions,
  ...patchOptions,
  ...testImagesOptions,
  out: { kind: path('file'), description: 'where the patch goes (default: patches/ in the run)' },
  ...sessionOptions,
};

export const repairCommand: ReturnType<typeof defineCommand> = defineCommand<RepairFlags>({
  name: 'repair',
  summary: 'Repair many mistakes and keep them all in force: one patch. Exits with 2 if any is not in force.',
  arguments: [{ name: 'run', description: 'the run folder' }],
  options,
  examples: [
    'repair runs/resnet20 --mistakes 200',
    'repair runs/resnet20 --mistakes 200 --at-once --out fixes.safetensors',
    'repair runs/resnet20 --indices 12,345,6789 --views 16',
    'repair runs/resnet20 --file repairs.jsonl',
    'repair runs/de-en --mistakes 20',
  ],
  run: repairFromFlags,
});

async function repairFromFlags(
  [folder]: readonly (string | undefined)[],
  flags: RepairFlags,
  console: Console,
): Promise<number> {
  const { makeRunFolder, taskOfRun } = await import('editable');
  if (taskOfRun(folder as string) === 'translation') return repairTranslationMistakes(folder as string, flags, console);
  refuseOptionsOf('translation', flags, ['controlSentences']);
  const { chooseNatural, curvatureOf, listRepairs, openModel, patchNamed, repairSet } = await import(
    '@editable/workspace'
  );
  const { conflictSentence, describeRepairSet } = await import('../report/repair-set-text.js');
  const opened = await shown(console, (job) => openModel(folder as string, { ...flags, patches: flags.patch }, job));
  const editor = chooseNatural(opened.run, flags);
  const { repairs, name } = await listRepairs(opened, repairsNamed(flags));
  const out = flags.out ?? patchNamed(opened.run.folder, name);
  if (flags.out === undefined) makeRunFolder(dirname(out));
  else if (!existsSync(dirname(out)))
    throw new UsageError(`--out: expected a file in a folder that exists, received "${out}".`);
  const { atOnce, testImages, seed } = flags;
  const document = await shown(console, (job) => {
    const curvature = curvatureOf(
      opened,
      { images: flags.controlImages, metric: editor.metric, settle: editor.settle },
      job,
    );
    return repairSet(opened, { repairs, editor, curvature, atOnce, testImages, seed, out }, job);
  });
  console.print(describeRepairSet(document));
  for (const [a, b] of console.json ? document.conflicts.slice(0, 1) : []) console.remark(conflictSentence(a, b));
  console.result(document);
  return document.notInForce.length === 0 ? exitCodes.done : exitCodes.editFailed;
}

/** @throws UsageError unless exactly one list is named */
function repairsNamed({ mistakes, indices, file, seed }: RepairFlags): NamedRepairs {
  if ([mistakes, indices, file].filter((each) => each !== undefined).length === 1) {
    if (mistakes !== undefined) return { mistakes, seed };
    return indices === undefined ? { file: file as string } : { indices };
  }
  throw new UsageError('expected one of --mistakes N, --indices A,B,C and --file FILE to say what is to be repaired.');
}
