/** `editable import --task translation`: a run from a checkpoint of fairseq's, with its byte pairs and dictionaries. */
import { resolve } from 'node:path';
import { exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { count } from '../console/numbers.js';
import { UsageError } from '../errors.js';
import { path, paths } from '../options/kinds.js';
import { refuseOptionsOf } from '../options/other-task.js';
import { type OptionTable, optionName } from '../options/table.js';
import { type TranslationFlags, translationOptions } from '../options/translation.js';

export interface ImportTranslationFlags
  extends Pick<TranslationFlags, 'source' | 'target' | 'tokenization' | 'keepCase' | 'heads'> {
  readonly codes: string | undefined;
  readonly dictionary: readonly string[] | undefined;
}

const { source, target, tokenization, keepCase, heads } = translationOptions;

export const importTranslationOptions: OptionTable<ImportTranslationFlags> = {
  source,
  target,
  tokenization,
  keepCase,
  heads,
  codes: { kind: path('file'), description: "translation: subword-nmt's byte pairs (bpe.codes, code)" },
  dictionary: {
    kind: paths('file'),
    description: "translation: fairseq's dict.txt, a joined one, or the source's and then the target's",
  },
};

/** Of translations of the test sentences. */
const beam = 5;

export async function importTranslationFromFlags(
  file: string,
  flags: ImportTranslationFlags & { readonly dataset: string; readonly out: string },
  console: Console,
): Promise<number> {
  refuseOptionsOf('image-classification', flags, [
    ...['model', 'width', 'mean', 'std', 'resize', 'crop'],
    ...['classes', 'onDamaged', 'dataDir'],
  ]);
  for (const name of ['source', 'target', 'codes', 'dictionary'] as const)
    if (flags[name] === undefined) throw new UsageError(`${optionName(name)}: expected with --task translation.`);
  const { importTranslator } = await import('@editable/workspace');
  const job = {
    file,
    folder: flags.out,
    data: resolve(flags.dataset),
    text: {
      source: flags.source as string,
      target: flags.target as string,
      tokenization: flags.tokenization ?? 'moses',
      lowercase: !flags.keepCase,
    },
    codes: flags.codes as string,
    dictionaries: flags.dictionary as readonly string[],
    heads: flags.heads ?? 4,
    beam,
  };
  const { run, bleu, testSentences } = await shown(console, (options) => importTranslator(job, options));
  const judged = bleu === null ? 'no test sentences' : `BLEU ${bleu.toFixed(2)} on ${count(testSentences)} sentences`;
  console.print(`imported ${file} into ${run.folder}: ${judged}`);
  console.result({ run: run.folder, model: run.config.model, bleu, testSentences, beam });
  return exitCodes.done;
}
