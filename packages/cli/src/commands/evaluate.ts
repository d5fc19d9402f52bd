/** `editable evaluate`: drawdown, success rate and steps over N independent edits; a killed evaluation continues. */
import type { ProcessGroup } from '@editable/torch';
import type { EditTargets, Share } from 'editable';
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { UsageError } from '../errors.js';
import { deviceOf, silentConsole, withGroup } from '../group.js';
import { choice, number, path, text, wholeNumber } from '../options/kinds.js';
import { refuseOptionsOf } from '../options/other-task.js';
import {
  type ConstraintFlags,
  type CurvatureFlags,
  constraintOptions,
  curvatureOptions,
  type EditorFlags,
  editorOptionsWith,
  type PatchFlags,
  patchOptions,
  type SessionFlags,
  sessionOptions,
  type TestImagesFlags,
  testImagesOptions,
} from '../options/shared.js';
import type { OptionTable } from '../options/table.js';
import { type SentenceControlFlags, sentenceControlOptions } from '../options/translation.js';
import { evaluateTranslatorRun } from './translation-repairs.js';

interface EvaluateFlags
  extends EditorFlags,
    ConstraintFlags,
    CurvatureFlags,
    SentenceControlFlags,
    PatchFlags,
    TestImagesFlags,
    SessionFlags {
  readonly edits: number;
  readonly targets: EditTargets;
  readonly precision: number | undefined;
  readonly shard: string | undefined;
  readonly baseline: string | undefined;
}

const options: OptionTable<EvaluateFlags> = {
  edits: { kind: wholeNumber({ min: 1 }), default: 100, description: 'independent edits; the paper makes 1000' },
  targets: {
    kind: choice(['random', 'mistakes']),
    default: 'random',
    description: "random labels (the paper's), or the true labels of the model's mistakes",
  },
  ...testImagesOptions,
  precision: {
    kind: number({ above: 0 }),
    description:
      'judge each edit on a sample just large enough to know the mean drawdown to ± this, 0.001 for 0.1 % for translation 0.05 for a twentieth of a point of BLEU (default: exactly)',
  },
  baseline: {
    kind: path('run'),
    description:
      'translation: the run that targets and alternatives come from, so that models meet the same edits (default: the run that this one was trained from, else this one)',
  },
  shard: {
    kind: text('i/n', 'a shard and how many there are, from 0/16 to 15/16', /^\d+\/[1-9]\d*$/),
    description: 'make only this share of the edits, from 0/16 to 15/16; "editable merge" puts shards together',
  },
  ...constraintOptions,
  ...editorOptionsWith('rmsprop'),
  ...curvatureOptions,
  ...sentenceControlOptions,
  ...patchOptions,
  ...sessionOptions,
};

export const evaluateCommand: ReturnType<typeof defineCommand> = defineCommand<EvaluateFlags>({
  name: 'evaluate',
  summary: 'Measure what repairs cost: drawdown, success rate and steps over N independent edits.',
  arguments: [{ name: 'run', description: 'the run folder' }],
  options,
  examples: [
    'evaluate runs/editable --edits 1000',
    'evaluate runs/editable --edits 1000 --shard 3/16',
    'evaluate runs/editable --editor natural --views 16',
    'evaluate runs/editable --targets mistakes --test-images 2000 --json',
    'evaluate runs/de-en --edits 1000 --editor natural --precision 0.05',
  ],
  run: (words, flags, console) =>
    flags.shard !== undefined
      ? evaluateFromFlags(words, flags, console, { share: shareOf(flags.shard) })
      : withGroup(flags, (group) =>
          evaluateFromFlags(words, flags, group === undefined || group.rank === 0 ? console : silentConsole, { group }),
        ),
});

async function evaluateFromFlags(
  [folder]: readonly (string | undefined)[],
  flags: EvaluateFlags,
  console: Console,
  { share, group }: { readonly share?: Share; readonly group?: ProcessGroup | undefined },
): Promise<number> {
  const { taskOfRun } = await import('editable');
  if (taskOfRun(folder as string) === 'translation') {
    if (share === undefined && group === undefined) return evaluateTranslatorRun(folder as string, flags, console);
    throw new UsageError(
      `${folder} is a run of translation, whose evaluation is not shared so far; evaluate it in one process, without --shard.`,
    );
  }
  refuseOptionsOf('translation', flags, ['baseline', 'controlSentences']);
  const { chooseEditor, curvatureOf, evaluateRun, openModel } = await import('@editable/workspace');
  const { describeEvaluation } = await import('../report/evaluation-text.js');
  const opened = await shown(console, (job) =>
    openModel(folder as string, { ...flags, device: deviceOf(flags.device, group), patches: flags.patch }, job),
  );
  const editor = chooseEditor(opened.run, flags);
  const { edits, testImages, precision, seed, targets } = flags;
  const { document } = await shown(console, (job) => {
    const curvature = curvatureOf(opened, { images: flags.controlImages }, job);
    const settings = { editor, curvature, edits, testImages, precision, seed, targets, share, group };
    return evaluateRun(opened, settings, job);
  });
  group?.finish();
  console.print(describeEvaluation(document));
  console.result(document);
  return exitCodes.done;
}

function shareOf(shard: string): Share {
  const [rank, size] = shard.split('/').map(Number) as [number, number];
  if (rank < size) return { rank, size };
  throw new UsageError(`--shard: expected a shard from 0/${size} to ${size - 1}/${size}, received "${shard}".`);
}
