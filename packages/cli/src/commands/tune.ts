/** `editable tune`: search the editor's hyperparameters for a run, on validation images only. */
import type { EditorName } from 'editable';
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { duration } from '../console/numbers.js';
import { choice, number, wholeNumber } from '../options/kinds.js';
import { editorKinds, editorNames, type SessionFlags, sessionOptions } from '../options/shared.js';
import type { OptionTable } from '../options/table.js';

interface TuneFlags extends SessionFlags {
  readonly editor: EditorName;
  readonly layers: readonly string[] | undefined;
  readonly maxSteps: number;
  readonly searchSteps: number | undefined;
  readonly minimumSuccess: number;
  readonly edits: number;
  readonly images: number;
}

const options: OptionTable<TuneFlags> = {
  editor: { kind: choice(editorNames), default: 'rmsprop', description: 'the editor to tune' },
  layers: {
    kind: editorKinds.layers,
    description: "layer choices to try, commas between: the best one is kept (default: the run's)",
  },
  maxSteps: { kind: editorKinds.maxSteps, default: 10, description: 'k, the most steps an edit may take' },
  searchSteps: {
    kind: editorKinds.maxSteps,
    description: 'steps that trials may take; fewer than --max-steps leaves edits a margin (default: the same)',
  },
  minimumSuccess: {
    kind: number({ min: 0, max: 1 }),
    default: 0.95,
    description: 'share of edits that must succeed for hyperparameters to qualify',
  },
  edits: { kind: wholeNumber({ min: 1 }), default: 40, description: 'edits a trial' },
  images: { kind: wholeNumber({ min: 1 }), default: 1000, description: 'validation images that drawdown is judged on' },
  ...sessionOptions,
};

export const tuneCommand: ReturnType<typeof defineCommand> = defineCommand<TuneFlags>({
  name: 'tune',
  summary: 'Find the editor settings with the least drawdown at 95 % success; later commands use them.',
  arguments: [{ name: 'run', description: 'the run folder' }],
  options,
  examples: ['tune runs/editable', 'tune runs/editable --editor adam --layers layer2,layer3,all'],
  run: tuneFromFlags,
});

async function tuneFromFlags(
  [folder]: readonly (string | undefined)[],
  flags: TuneFlags,
  console: Console,
): Promise<number> {
  const { openModel } = await import('../open-model.js');
  const { chooseEditor } = await import('../editor-choice.js');
  const { trialsTable, tuneRun } = await import('../jobs/tuning.js');
  const { selectParameters } = await import('editable');
  const opened = await openModel(folder as string, { ...flags, patch: undefined });
  const usual = await chooseEditor(opened.run, noEditorFlags);
  const layers = flags.layers ?? [usual.layers].flat();
  for (const layer of layers) selectParameters(opened.model, layer);
  const { editor, edits, images, maxSteps, searchSteps = maxSteps, minimumSuccess, seed } = flags;
  const document = await tuneRun(
    opened,
    { editor, layers, edits, images, maxSteps, searchSteps, minimumSuccess, seed },
    { console, label: 'tuning' },
  );
  const { best, trials, seconds } = document;
  console.print(trialsTable(trials, best.editor));
  if (!best.qualifies) console.remark('No setting reached 95 % success; the one with the most is kept.');
  console.print(`kept * in ${folder}/editor.json · ${duration(seconds)}`);
  console.result(document);
  return exitCodes.done;
}

const noEditorFlags = {
  editor: undefined,
  learningRate: undefined,
  beta: undefined,
  layers: undefined,
  maxSteps: undefined,
};
