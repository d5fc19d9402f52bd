/** Sentences translated by a run, one a line in and out. */
import { parseLines } from '@editable/text';
import { mostWords, type TranslatedSentence, type TranslationRun, translate } from 'editable';
import { invalid, WorkspaceError } from '../errors.js';
import { type JobOptions, tell } from '../job-events.js';
import { openTranslator } from '../runs/open-translator.js';

export interface TranslationJob {
  readonly folder: string;
  /** UTF-8, a sentence a line. */
  readonly text: Uint8Array;
  /** What errors call the text. */
  readonly name: string;
  readonly beam: number;
  /** 1: the mean log-probability a token decides; 0: the sum; more favours long ones. */
  readonly lengthPenalty: number;
  /** Files of patches, applied first, in this order. */
  readonly patches?: readonly string[] | undefined;
  /** cpu, cuda or cuda:N; default: cpu */
  readonly device?: string | undefined;
}

export interface TranslatedLine extends TranslatedSentence {
  readonly source: string;
  /** Tokens of the source that the vocabulary lacks. */
  readonly unknown: number;
}

/**
 * An empty line's translation is empty, so that lines stay beside each other.
 *
 * @throws WorkspaceError INVALID_FILE for a sentence that is too long; TextError INVALID_FILE for what is not UTF-8; EditableError
 * for a patch of another model
 */
export function translateLines(job: TranslationJob, options: JobOptions = {}): TranslatedLine[] {
  const lines = parseLines(job.text, job.name);
  checkLines(lines, job.name);
  const { run, translator } = openTranslator(job.folder, job);
  requireBeam(job.beam, run);
  const { codec } = translator;
  const translated = translate(translator, lines, {
    beam: job.beam,
    lengthPenalty: job.lengthPenalty,
    onProgress: (done, total) => tell(options, { kind: 'translating', done, total }),
  });
  const { unknown } = codec.vocabularies.source;
  return lines.map((source, i) => ({
    source,
    ...(translated[i] as TranslatedSentence),
    unknown: codec.encode(source, 'source').filter((token) => token === unknown).length,
  }));
}

function checkLines(lines: readonly string[], name: string): void {
  for (const [i, line] of lines.entries()) {
    const words = line.split(/\s+/).filter((word) => word !== '').length;
    if (words <= mostWords) continue;
    throw new WorkspaceError(
      'INVALID_FILE',
      `Expected line ${i + 1} of ${name} to be a sentence of at most ${mostWords} words; it has ${words}. Cut it into sentences, one a line.`,
    );
  }
}

/** @throws WorkspaceError INVALID_ARGUMENT for a beam that the vocabulary is too small for */
export function requireBeam(beam: number, { config }: TranslationRun): void {
  const widest = Math.ceil(config.model.targetVocabulary / 2) - 2;
  if (beam <= widest) return;
  throw invalid('beam', `expected at most ${widest} with this vocabulary, received ${beam}.`);
}
