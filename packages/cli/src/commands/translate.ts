/** `editable translate`: sentences on standard input, a line each, to their translations on standard output. */
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { UsageError } from '../errors.js';
import { number, wholeNumber } from '../options/kinds.js';
import {
  type DeviceFlags,
  deviceOptions,
  type OutputFlags,
  outputOptions,
  type PatchFlags,
  patchOptions,
} from '../options/shared.js';
import type { OptionTable } from '../options/table.js';

interface TranslateFlags extends PatchFlags, DeviceFlags, OutputFlags {
  readonly beam: number;
  readonly lengthPenalty: number;
}

const options: OptionTable<TranslateFlags> = {
  beam: { kind: wholeNumber({ min: 1 }), default: 5, description: 'translations that are followed side by side' },
  lengthPenalty: {
    kind: number(),
    default: 1,
    description: 'scores are divided by the length to this power; above 1 favours long translations',
  },
  ...patchOptions,
  ...deviceOptions,
  ...outputOptions,
};

export const translateCommand: ReturnType<typeof defineCommand> = defineCommand<TranslateFlags>({
  name: 'translate',
  summary: 'Translate sentences from standard input, one a line, with patches if asked.',
  arguments: [{ name: 'run', description: 'the run folder of a translation model' }],
  options,
  examples: [
    'translate runs/de-en < german.txt > english.txt',
    'translate runs/de-en --patch fix.safetensors < german.txt',
    'translate runs/de-en --beam 1 --json < german.txt',
  ],
  run: translateFromFlags,
});

async function translateFromFlags(
  [folder]: readonly (string | undefined)[],
  flags: TranslateFlags,
  console: Console,
): Promise<number> {
  if (process.stdin.isTTY)
    throw new UsageError('translate: expected sentences on standard input, one a line, as in: translate RUN < text');
  const text = Buffer.concat(await process.stdin.toArray());
  const { translateLines } = await import('@editable/workspace');
  const { beam, lengthPenalty, patch: patches = [], device } = flags;
  const job = { folder: folder as string, text, name: 'standard input', beam, lengthPenalty, patches, device };
  const translations = await shown(console, (options) => translateLines(job, options));
  if (translations.length > 0) console.print(translations.map((line) => line.text).join('\n'));
  console.result({ run: folder, patches, beam, lengthPenalty, translations });
  return exitCodes.done;
}
