/** `editable mistakes`: what a run's network gets wrong, the surest first; the list feeds `repair`. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { UsageError } from '../errors.js';
import { choice, path, wholeNumber } from '../options/kinds.js';
import {
  type DeviceFlags,
  deviceOptions,
  type OutputFlags,
  outputOptions,
  type PatchFlags,
  patchOptions,
  type SourceFlags,
  sourceOptionsWith,
} from '../options/shared.js';
import type { OptionTable } from '../options/table.js';
import { translationMistakes } from './translation-repairs.js';

interface MistakesFlags extends PatchFlags, DeviceFlags, SourceFlags, OutputFlags {
  readonly split: 'test' | 'validation';
  readonly limit: number;
  readonly out: string | undefined;
}

const options: OptionTable<MistakesFlags> = {
  split: {
    kind: choice(['test', 'validation']),
    default: 'test',
    description: 'the test images, or the part of the training images that no training here sees',
  },
  limit: { kind: wholeNumber({ min: 1 }), default: 20, description: 'so many are shown; --json and --out have all' },
  out: {
    kind: path('file'),
    description: 'write repairs of them as JSON lines for "repair --file": no suspect labels, one of each group',
  },
  ...patchOptions,
  ...deviceOptions,
  ...sourceOptionsWith("the run's"),
  ...outputOptions,
};

export const mistakesCommand: ReturnType<typeof defineCommand> = defineCommand<MistakesFlags>({
  name: 'mistakes',
  summary: "List the network's mistakes on labelled pictures: the surest first, suspected label errors apart.",
  arguments: [{ name: 'run', description: 'the run folder' }],
  options,
  examples: [
    'mistakes runs/resnet20',
    'mistakes runs/resnet20 --out repairs.jsonl',
    'mistakes runs/de-en --limit 5 --split validation',
  ],
  run: mistakesFromFlags,
});

async function mistakesFromFlags(
  [folder]: readonly (string | undefined)[],
  flags: MistakesFlags,
  console: Console,
): Promise<number> {
  const { taskOfRun } = await import('editable');
  if (taskOfRun(folder as string) === 'translation') return translationMistakes(folder as string, flags, console);
  const { out, split, limit } = flags;
  if (out !== undefined && split !== 'test')
    throw new UsageError('--out: expected test images, as repair takes them by number; leave out --split validation.');
  if (out !== undefined && !existsSync(dirname(out)))
    throw new UsageError(`--out: expected a file in a folder that exists, received "${out}".`);
  const { listMistakes, openModel, repairLines } = await import('@editable/workspace');
  const { describeMistakes } = await import('../report/mistakes-text.js');
  const { writeFileAtomically } = await import('@editable/torch');
  const opened = await shown(console, (job) =>
    openModel(
      folder as string,
      { ...flags, patches: flags.patch, splits: split === 'test' ? ['test'] : undefined },
      job,
    ),
  );
  const document = listMistakes(opened, split);
  console.print(describeMistakes(document, limit));
  if (out !== undefined) {
    const lines = repairLines(document);
    writeFileAtomically(out, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    console.print(`${lines.length} repairs in ${out}`);
  }
  console.result({ ...document, out: out ?? null });
  return exitCodes.done;
}
