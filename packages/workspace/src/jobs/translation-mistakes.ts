/** Sentences of a run's corpus whose translation is least like the reference, and the repairs that follow from them. */
import { bleuOf, type TranslationMistake, translate, translationMistakes } from 'editable';
import { type JobOptions, tell } from '../job-events.js';
import { type OpenedTranslator, sentencesOf } from '../runs/open-translator.js';

/** What `mistakes --json` prints for a run of translation. */
export interface TranslationMistakesDocument {
  readonly run: string;
  readonly patches: readonly string[];
  readonly split: 'test' | 'validation';
  readonly sentences: number;
  /** Of all sentences together. */
  readonly bleu: number;
  /** Those that are not translated as the reference has it, the least like it first. */
  readonly mistakes: readonly TranslationMistake[];
}

/** The sentences whose translation is least like the reference, by sentence BLEU. */
export function listTranslationMistakes(
  opened: OpenedTranslator,
  split: TranslationMistakesDocument['split'],
  job: JobOptions = {},
): TranslationMistakesDocument {
  const { run, translator, patches } = opened;
  const pairs = sentencesOf(opened, split === 'test' ? 'test' : 'valid');
  const translations = translate(
    translator,
    pairs.map(({ source }) => source),
    { onProgress: (done, total) => tell(job, { kind: 'translating', done, total }) },
  ).map(({ text }) => text);
  return {
    run: run.folder,
    patches: patches.map(({ resultHash }) => resultHash),
    split,
    sentences: pairs.length,
    bleu: bleuOf(translator, translations, pairs).score,
    mistakes: translationMistakes(translator, pairs, translations).filter(({ bleu }) => bleu < 100 - 1e-9),
  };
}

/** What `repair --file` takes: those whose reference the model can be asked for. */
export const translationRepairLines = ({
  mistakes,
}: TranslationMistakesDocument): readonly { source: string; target: string }[] =>
  mistakes.filter(({ repairable }) => repairable).map(({ source, reference }) => ({ source, target: reference }));
