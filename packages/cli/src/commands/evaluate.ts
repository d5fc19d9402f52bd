/** `editable evaluate`: drawdown, success rate and steps over N independent edits; a killed evaluation continues. */
import type { ProcessGroup } from '@editable/torch';
import type { EditTargets, Share } from 'editable';
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { UsageError } from '../errors.js';
import { deviceOf, silentConsole, withGroup } from '../group.js';
import { choice, number, text, wholeNumber } from '../options/kinds.js';
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

interface EvaluateFlags
  extends EditorFlags,
    ConstraintFlags,
    CurvatureFlags,
    PatchFlags,
    TestImagesFlags,
    SessionFlags {
  readonly edits: number;
  readonly targets: EditTargets;
  readonly precision: number | undefined;
  readonly shard: string | undefined;
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
      'judge each edit on a sample just large enough to know the mean drawdown to ± this, 0.001 for 0.1 % (default: exactly)',
  },
  shard: {
    kind: text('i/n', 'a shard and how many there are, from 0/16 to 15/16', /^\d+\/[1-9]\d*$/),
    description: 'make only this share of the edits, from 0/16 to 15/16; "editable merge" puts shards together',
  },
  ...constraintOptions,
  ...editorOptionsWith('rmsprop'),
  ...curvatureOptions,
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
