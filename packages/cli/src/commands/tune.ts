/** `editable tune`: search the editor's hyperparameters for a run, on validation images only; with --all, every editor. */
import type { ProcessGroup } from '@editable/torch';
import type { OpenedModel } from '@editable/workspace';
import type { EditorName } from 'editable';
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { duration, percent } from '../console/numbers.js';
import { UsageError } from '../errors.js';
import { deviceOf, silentConsole, withGroup } from '../group.js';
import { number, toggle, wholeNumber, words } from '../options/kinds.js';
import { editorKinds, editorNames, type SessionFlags, sessionOptions } from '../options/shared.js';
import type { OptionTable } from '../options/table.js';

interface TuneFlags extends SessionFlags {
  readonly all: boolean;
  readonly editor: readonly string[] | undefined;
  readonly layers: readonly string[] | undefined;
  readonly maxSteps: number;
  readonly searchSteps: number | undefined;
  readonly minimumSuccess: number;
  readonly edits: number;
  readonly images: number;
}

const options: OptionTable<TuneFlags> = {
  all: {
    kind: toggle,
    default: false,
    description: 'compare editors and layers, and keep the comparison as card.json in the run',
  },
  editor: {
    kind: words('names', `one of ${editorNames.join(', ')}, with --all several, commas between`),
    description: `the editor to tune: ${editorNames.join(', ')} (default: rmsprop; with --all every one)`,
  },
  layers: {
    kind: editorKinds.layers,
    description:
      "layer choices to try, commas between: the best one is kept (default: the run's; with --all every stage)",
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
  examples: [
    'tune runs/editable',
    'tune runs/editable --editor adam --layers layer2,layer3,all',
    'tune runs/editable --all --editor rmsprop,rprop',
  ],
  run: (words, flags, console) =>
    withGroup(flags, (group) =>
      tuneFromFlags(words, flags, group === undefined || group.rank === 0 ? console : silentConsole, group),
    ),
});

async function tuneFromFlags(
  [folder]: readonly (string | undefined)[],
  flags: TuneFlags,
  console: Console,
  group: ProcessGroup | undefined,
): Promise<number> {
  const { openModel } = await import('@editable/workspace');
  const { selectParameters } = await import('editable');
  const editors = editorsOf(flags);
  const opened = await shown(console, (job) =>
    openModel(folder as string, { ...flags, device: deviceOf(flags.device, group) }, job),
  );
  for (const layer of flags.layers ?? []) selectParameters(opened.model, layer);
  return (flags.all ? compareAll : tuneOne)(opened, flags, { editors, console, group });
}

interface Chosen {
  readonly editors: readonly EditorName[] | undefined;
  readonly console: Console;
  readonly group: ProcessGroup | undefined;
}

async function tuneOne(opened: OpenedModel, flags: TuneFlags, { editors, console, group }: Chosen): Promise<number> {
  const { chooseEditor, tuneRun } = await import('@editable/workspace');
  const { trialsTable } = await import('../report/tuning-text.js');
  const { folder } = opened.run;
  const layers = flags.layers ?? [chooseEditor(opened.run).layers].flat();
  const { edits, images, maxSteps, searchSteps = maxSteps, minimumSuccess, seed } = flags;
  const [editor = 'rmsprop'] = editors ?? [];
  const settings = { editor, layers, edits, images, maxSteps, searchSteps, minimumSuccess, seed };
  const document = await shown(console, (job) => tuneRun(opened, settings, { ...job, group }));
  group?.finish();
  const { best, trials, seconds } = document;
  console.print(trialsTable(trials, best.editor));
  if (!best.qualifies) remarkFailure(minimumSuccess, console);
  console.print(`kept * in ${folder}/editor.json · ${duration(seconds)}`);
  console.result(document);
  return exitCodes.done;
}

async function compareAll(opened: OpenedModel, flags: TuneFlags, { editors, console, group }: Chosen): Promise<number> {
  const { makeCard } = await import('@editable/workspace');
  const { describeCard } = await import('../report/card-text.js');
  const { layers, edits, images, maxSteps, searchSteps = maxSteps, minimumSuccess, seed } = flags;
  const settings = { editors, layers, edits, images, maxSteps, searchSteps, minimumSuccess, seed };
  const document = await shown(console, (job) => makeCard(opened, settings, { ...job, group }));
  group?.finish();
  console.print(describeCard(document));
  if (!document.best.qualifies) remarkFailure(minimumSuccess, console);
  console.print(`kept in ${document.card}; edit and evaluate use its best`);
  console.result(document);
  return exitCodes.done;
}

const remarkFailure = (minimumSuccess: number, console: Console): void =>
  console.remark(`No setting reached ${percent(minimumSuccess, 0)} success; the one with the most is kept.`);

/** @throws UsageError for a name that is no editor's, or several without --all */
function editorsOf({ all, editor }: TuneFlags): readonly EditorName[] | undefined {
  if (editor === undefined) return undefined;
  const unknown = editor.find((name) => !(editorNames as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new UsageError(`--editor: expected one of ${editorNames.join(', ')}, received "${unknown}".`);
  if (editor.length > 1 && !all)
    throw new UsageError(`--editor: expected one editor, received ${editor.length}; add --all to compare them.`);
  return [...new Set(editor)] as EditorName[];
}
