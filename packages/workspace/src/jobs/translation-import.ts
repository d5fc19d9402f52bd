/** A translation model that fairseq trained, as a run: its checkpoint, byte pairs and dictionaries. */
import { type Merges, readMerges, readVocabulary, type Vocabulary } from '@editable/text';
import { type HostTensors, readSafetensors, readStateDict } from '@editable/torch';
import {
  createTransformer,
  createTranslationRun,
  fairseqWeights,
  readParallelCorpus,
  readSplitIfThere,
  SentenceCodec,
  sizesOfWeights,
  type TextSettings,
  type TransformerSpec,
  type TranslationRun,
  withWeights,
} from 'editable';
import { invalid } from '../errors.js';
import type { JobOptions } from '../job-events.js';
import { usableDevice } from '../runs/open-model.js';
import { requireBeam } from './translation.js';
import { bleuOn } from './translation-training.js';

export interface TranslationImportJob {
  /** fairseq's checkpoint (.pt), of any of its versions, or a state dict by its names. */
  readonly file: string;
  /** Where the run goes. */
  readonly folder: string;
  /** A folder of parallel text: `train.de`, `train.en`, … */
  readonly data: string;
  /** How sentences are cut before byte pairs. */
  readonly text: Omit<TextSettings, 'merges'>;
  /** subword-nmt's codes. */
  readonly codes: string;
  /** fairseq's dict.txt: a joined one, or the source's and the target's. */
  readonly dictionaries: readonly string[];
  /** No tensor tells it. */
  readonly heads: number;
  readonly beam: number;
  /** cpu, cuda or cuda:N; default: cpu */
  readonly device?: string | undefined;
}

export interface ImportedTranslator {
  readonly run: TranslationRun;
  /** Of the test sentences, by beam search; null where the data has none. */
  readonly bleu: number | null;
  readonly testSentences: number;
}

/**
 * Nothing is left behind where something does not fit.
 *
 * @throws WorkspaceError INVALID_ARGUMENT for dictionaries of another size than the checkpoint's, or that the codes do not make;
 * EditableError, TextError, TorchError for files that are not what they should be
 */
export function importTranslator(job: TranslationImportJob, options: JobOptions = {}): ImportedTranslator {
  const { file, folder, data, codes, beam } = job;
  const weights = fairseqWeights(tensorsOf(file));
  const spec: TransformerSpec = {
    kind: 'transformer_iwslt_de_en',
    heads: job.heads,
    ...sizesOfWeights(weights, file),
  };
  const [source, target] = dictionariesOf(job, spec);
  const merges = readMerges(codes);
  requireMade([source, target], merges);
  const text = { ...job.text, merges: merges.pairs.length };
  const codec = new SentenceCodec(text, merges, { source, target });
  const { hash } = readParallelCorpus(data, text);
  const test = readSplitIfThere(data, 'test', text);
  const device = usableDevice(job.device ?? 'cpu');
  const run: TranslationRun = {
    folder,
    config: {
      version: 1,
      task: 'translation',
      dataset: { folder: data, hash },
      text: { ...text, ...codec.hashes },
      model: spec,
      training: null,
    },
    model: withWeights(createTransformer(spec, { device }), weights, file),
    codec,
    editor: null,
  };
  requireBeam(beam, run);
  const bleu = test.length === 0 ? null : bleuOn(run, test, beam, options).score;
  return { run: createTranslationRun(folder, run), bleu, testSentences: test.length };
}

const tensorsOf = (file: string): HostTensors =>
  file.endsWith('.safetensors') ? readSafetensors(file).tensors : readStateDict(file);

function dictionariesOf(
  { dictionaries }: TranslationImportJob,
  { sourceVocabulary, targetVocabulary, tied }: TransformerSpec,
): readonly [source: Vocabulary, target: Vocabulary] {
  if (dictionaries.length < 1 || dictionaries.length > 2)
    throw invalid('dictionary', `expected one or two files, received ${dictionaries.length}.`);
  if (tied === 'all' && dictionaries.length === 2)
    throw invalid(
      'dictionary',
      'expected one file, as this checkpoint has one embedding for both languages; received two.',
    );
  const [first, second = first] = dictionaries.map((path) => readVocabulary(path)) as [Vocabulary, Vocabulary?];
  const sizes = [
    [first, sourceVocabulary, 'source'],
    [second, targetVocabulary, 'target'],
  ] as const;
  for (const [{ size }, expected, side] of sizes) {
    if (size === expected) continue;
    throw invalid(
      'dictionary',
      `expected ${expected} symbols for the ${side}, the special four included, as the checkpoint has; received ${size}.`,
    );
  }
  return [first, second];
}

/** Dictionaries and codes look alike, and those of another model would be read without complaint. */
function requireMade(dictionaries: readonly Vocabulary[], { pairs }: Merges): void {
  const made = new Set(pairs.map(([left, right]) => left + right));
  const longer = [
    ...new Set(dictionaries.flatMap(({ symbols, counts }) => symbols.filter((_, at) => counts[at] !== 0))),
  ]
    .map((symbol) => (symbol.endsWith('@@') ? symbol.slice(0, -2) : `${symbol}</w>`))
    .filter((symbol) => [...symbol.replace('</w>', '')].length > 1);
  const found = longer.filter((symbol) => made.has(symbol)).length;
  if (found >= longer.length / 2) return;
  throw invalid(
    'codes',
    `expected the byte pairs that the dictionary was made with; of its ${longer.length} longer symbols these make ${found}.`,
  );
}
