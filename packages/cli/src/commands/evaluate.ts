/** `editable evaluate`: drawdown, success rate and steps over N independent edits; a killed evaluation continues. */
import type { EditTargets, Sharing } from 'editable';
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { deviceOf, sharing } from '../group.js';
import { choice, number, path, wholeNumber } from '../options/kinds.js';
import { refuseOptionsOf } from '../options/other-task.js';
import {
  type ConstraintFlags,
  type CurvatureFlags,
  constraintOptions,
  curvatureOptions,
  type EditorFlags,
  editorOptionsWith,
  type MetricFlags,
  metricOptions,
  type PatchFlags,
  patchOptions,
  type SessionFlags,
  type ShardFlags,
  sessionOptions,
  shardOptionsOf,
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
    MetricFlags,
    SentenceControlFlags,
    PatchFlags,
    TestImagesFlags,
    ShardFlags,
    SessionFlags {
  readonly edits: number;
  readonly targets: EditTargets;
  readonly precision: number | undefined;
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
  ...shardOptionsOf('make only this share of the edits'),
  ...constraintOptions,
  ...editorOptionsWith('rmsprop'),
  ...curvatureOptions,
  ...metricOptions,
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
  run: (words, flags, console) => sharing(flags, console, (own, among) => evaluateFromFlags(words, flags, own, among)),
});

async function evaluateFromFlags(
  [folder]: readonly (string | undefined)[],
  flags: EvaluateFlags,
  console: Console,
  { share, group }: Sharing,
): Promise<number> {
  const { taskOfRun } = await import('editable');
  if (taskOfRun(folder as string) === 'translation')
    return evaluateTranslatorRun(folder as string, flags, console, { share, group });
  refuseOptionsOf('translation', flags, ['baseline', 'controlSentences']);
  const { chooseEditor, curvatureOf, evaluateRun, openModel } = await import('@editable/workspace');
  const { describeEvaluation } = await import('../report/evaluation-text.js');
  const opened = await shown(console, (job) =>
    openModel(folder as string, { ...flags, device: deviceOf(flags.device, group), patches: flags.patch }, job),
  );
  const editor = chooseEditor(opened.run, flags);
  const { edits, testImages, precision, seed, targets } = flags;
  const { document } = await shown(console, (job) => {
    const curvature = curvatureOf(
      opened,
      { images: flags.controlImages, metric: editor.metric, settle: editor.settle },
      job,
    );
    const settings = { editor, curvature, edits, testImages, precision, seed, targets, share, group };
    return evaluateRun(opened, settings, job);
  });
  group?.finish();
  console.print(describeEvaluation(document));
  console.result(document);
  return exitCodes.done;
}
