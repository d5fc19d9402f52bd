/** N independent edits of one translation model (section 4.4): BLEU drawdown, success, steps, and how far each generalises. */
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { scope } from '@editable/torch';
import type { TextPair } from '../../data/parallel-corpus.js';
import { stream } from '../../data/random.js';
import type { CurvatureOf } from '../../editing/curvature/curvature.js';
import type { EditorChoice } from '../../editing/editor-choice.js';
import { selectParameters } from '../../editing/layers.js';
import { EditableError } from '../../errors.js';
import { modelHash } from '../../patches/model-hash.js';
import { alone, rangeOf, type Share } from '../../sharing/share.js';
import { beamSearch, usualAlternatives } from '../../translation/beam-search.js';
import type { Translator } from '../../translation/translate.js';
import type { EditTargets } from '../edit-tasks.js';
import { RecordsFile } from '../records.js';
import { shardKey } from '../shards.js';
import { type BleuChange, exactBleuChange, sampledBleuChange, unchangedBleu } from './bleu-change.js';
import { noisedSources } from './noised-sources.js';
import { canonicalTranslationChoice } from './translation-editor.js';
import {
  summarizeTranslation,
  type TranslationEditRecord,
  type TranslationEditSummary,
} from './translation-records.js';
import { type TranslationEdit, TranslationRepairer } from './translation-repairer.js';
import {
  alternativesOf,
  referenceTasks,
  sampledTasks,
  type TranslationEditTask,
  translationMistakes,
} from './translation-tasks.js';
import { TranslationTestSet } from './translation-test-set.js';

export interface TranslationEvaluationOptions {
  readonly edits: number;
  readonly editor: EditorChoice;
  /** For the natural editor. */
  readonly curvature?: CurvatureOf | undefined;
  /** What targets and alternatives come from, for every model that is compared; default: the model itself. */
  readonly baseline?: Translator | undefined;
  /**
   * Judge each edit on a sample of sentences of its own, just large enough that the mean drawdown over the edits is known to
   * ± this many points of BLEU (half-width of the 95 % interval that sampling accounts for); default: exactly.
   */
  readonly precision?: number | undefined;
  readonly targets?: EditTargets;
  readonly seed?: number;
  /** By which test sentences are translated; default 5. */
  readonly beam?: number;
  /** Of the baseline's beam; default 32. */
  readonly alternatives?: number;
  /** τ; default 1.2. */
  readonly temperature?: number;
  /** Noised forms of each edited sentence, for generality; default 10. */
  readonly views?: number;
  /** JSON lines of per-edit records; an evaluation of the same model and settings continues from it. */
  readonly recordsFile?: string | undefined;
  /** Only this share of the edits, which are consecutive ones; see `mergeShards`. */
  readonly share?: Share | undefined;
  /** After each edit: how many are done, of how many. */
  readonly onEdit?: (done: number, total: number) => void;
  /** While the unedited model translates the test sentences. */
  readonly onTranslating?: (done: number, total: number) => void;
}

export interface TranslationEvaluation extends TranslationEditSummary {
  /** Of the model before any edit. */
  readonly bleu: number;
  readonly sentences: number;
  readonly editor: EditorChoice;
  readonly targets: EditTargets;
  readonly seed: number;
  readonly beam: number;
  readonly alternatives: number;
  readonly temperature: number;
  /** modelHash of the baseline. */
  readonly baseline: string;
  readonly seconds: number;
  readonly records: readonly TranslationEditRecord[];
}

/**
 * @param pairs test sentences with their references: what is edited and judged
 * @throws EditableError INVALID_ARGUMENT for counts that cannot be used, or a baseline that reads text otherwise; NOT_FINITE
 */
export async function evaluateTranslation(
  translator: Translator,
  pairs: readonly TextPair[],
  options: TranslationEvaluationOptions,
): Promise<TranslationEvaluation> {
  const started = performance.now();
  using judge = new TranslationJudge(translator, pairs, options);
  const tasks = judge.tasks();
  const { recordsFile, share, onEdit } = options;
  const key = share === undefined ? judge.key() : shardKey(judge.key(), share, tasks.length);
  const kept = recordsFile === undefined ? undefined : new RecordsFile<TranslationEditRecord>(recordsFile, key);
  const [from, to] = rangeOf(tasks.length, share ?? alone);
  const records = kept?.records.slice(0, to - from) ?? [];
  for (let done = records.length; done < to - from; done++) {
    const record = judge.run(tasks[from + done] as TranslationEditTask, from + done);
    records.push(record);
    kept?.append(record);
    onEdit?.(done + 1, to - from);
    await turn();
  }
  return {
    ...summarizeTranslation(records),
    ...judge.facts(),
    records,
    seconds: (performance.now() - started) / 1000,
  };
}

type Defaulted = Required<
  Pick<TranslationEvaluationOptions, 'targets' | 'seed' | 'beam' | 'alternatives' | 'temperature' | 'views'>
>;

class TranslationJudge implements Disposable {
  readonly #translator: Translator;
  readonly #baseline: Translator;
  readonly #pairs: readonly TextPair[];
  readonly #options: TranslationEvaluationOptions;
  readonly #settings: Defaulted;
  readonly #repairer: TranslationRepairer;
  readonly #test: TranslationTestSet;

  constructor(translator: Translator, pairs: readonly TextPair[], options: TranslationEvaluationOptions) {
    checkOptions(options);
    const { baseline = translator, editor, curvature } = options;
    checkSameText(translator, baseline);
    const { targets = 'random', seed = 0, beam = 5, temperature = 1.2, views = 10 } = options;
    const { alternatives = usualAlternatives(translator.spec) } = options;
    this.#translator = translator;
    this.#baseline = baseline;
    this.#pairs = pairs;
    this.#options = options;
    this.#settings = { targets, seed, beam, alternatives, temperature, views };
    this.#repairer = new TranslationRepairer(translator, editor, curvature);
    const { onTranslating: onProgress } = options;
    this.#test = new TranslationTestSet(translator, pairs, {
      beam,
      edited: selectParameters(translator.model, editor.layers),
      ...(onProgress === undefined ? {} : { onProgress }),
    });
  }

  tasks(): TranslationEditTask[] {
    const { edits } = this.#options;
    const { targets, seed, temperature } = this.#settings;
    if (targets === 'random') return sampledTasks(this.#baseline, this.#pairs, { edits, seed, temperature });
    const { codec } = this.#translator;
    const translations = this.#test.translations.map((tokens) => codec.decode(tokens));
    return referenceTasks(codec, translationMistakes({ codec }, this.#pairs, translations), edits);
  }

  /** What two evaluations must share for one to continue the other's records. */
  key(): string {
    const { edits, precision } = this.#options;
    const identity = {
      version: 3,
      task: 'translation',
      ...this.#repairer.identity,
      baseline: modelHash(this.#baseline.model),
      ...this.#translator.codec.hashes,
      sentences: createHash('sha256').update(JSON.stringify(this.#pairs)).digest('hex'),
      ...this.#settings,
      ...(precision === undefined ? {} : { precision, edits }),
    };
    return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  }

  facts(): Omit<TranslationEvaluation, keyof TranslationEditSummary | 'records' | 'seconds'> {
    const { views: _, ...settings } = this.#settings;
    const editor = canonicalTranslationChoice(this.#options.editor);
    const baseline = modelHash(this.#baseline.model);
    return { ...settings, bleu: this.#test.bleu, sentences: this.#test.count, editor, baseline };
  }

  run(task: TranslationEditTask, position: number): TranslationEditRecord {
    return scope(() => {
      const held = this.#views('constraint-views', position, task, this.#options.editor.views ?? 0);
      const sources = [task.source, ...held];
      const alternatives = alternativesOf(this.#baseline, sources, this.#settings.alternatives);
      const edited = this.#repairer.repair(
        sources.map((source, i) => ({ source, target: task.target, alternatives: alternatives[i] ?? [] })),
      );
      const { success, steps, loss } = edited;
      const change = this.#change(edited, task.index, position);
      return {
        index: task.index,
        target: task.target,
        success,
        best: this.#bestOf(edited.model, [task.source])[0] === task.target.join(),
        steps,
        loss,
        ...change,
        generality: this.#generality(edited, task, position),
      };
    });
  }

  #change({ model, steps }: TranslationEdit, edited: number, position: number): BleuChange {
    const { precision, edits } = this.#options;
    if (steps === 0) return unchangedBleu(this.#test);
    if (precision === undefined) return exactBleuChange(this.#test, model);
    // The error of a mean over N independent edits is √N times smaller than each one's.
    const standardError = (precision * Math.sqrt(edits)) / 1.96;
    return sampledBleuChange(this.#test, model, { standardError, seed: this.#settings.seed, position, edited });
  }

  /** Share of noised sources whose best translation is the target; null where nothing was edited. */
  #generality({ model, success, steps }: TranslationEdit, task: TranslationEditTask, position: number): number | null {
    if (!success || steps === 0) return null;
    const views = this.#views('views', position, task, this.#settings.views);
    if (views.length === 0) return null;
    const target = task.target.join();
    return this.#bestOf(model, views).filter((best) => best === target).length / views.length;
  }

  #views(
    label: string,
    position: number,
    { index }: TranslationEditTask,
    count: number,
  ): readonly (readonly number[])[] {
    const random = stream(this.#settings.seed, label, position);
    return noisedSources(this.#translator.codec, (this.#pairs[index] as TextPair).source, count, random);
  }

  #bestOf(model: Translator['model'], sources: readonly (readonly number[])[]): readonly string[] {
    const { beam } = this.#settings;
    return beamSearch(model, this.#translator.spec, sources, { beam }).map(([best]) => best?.tokens.join() ?? '');
  }

  [Symbol.dispose](): void {
    this.#test[Symbol.dispose]();
  }
}

function checkOptions({ edits, precision, alternatives = 32, views = 10 }: TranslationEvaluationOptions): void {
  const refused = (name: string, expected: string, received: number): EditableError =>
    new EditableError('INVALID_ARGUMENT', `${name}: expected ${expected}, received ${received}.`);
  if (!Number.isInteger(edits) || edits < 1) throw refused('edits', 'a whole number of at least 1', edits);
  if (!Number.isInteger(alternatives) || alternatives < 2)
    throw refused('alternatives', 'a whole number of at least 2', alternatives);
  if (!Number.isInteger(views) || views < 0) throw refused('views', 'a whole number of at least 0', views);
  if (precision !== undefined && !(precision > 0)) throw refused('precision', 'a number above 0', precision);
}

/** @throws EditableError INVALID_ARGUMENT where the two have other merges or another vocabulary */
function checkSameText({ codec }: Translator, { codec: other }: Translator): void {
  if (
    codec.hashes.mergesHash === other.hashes.mergesHash &&
    codec.hashes.vocabularyHash === other.hashes.vocabularyHash
  )
    return;
  throw new EditableError(
    'INVALID_ARGUMENT',
    'baseline: expected a model with the merges and the vocabulary of the one that is evaluated; it has others.',
  );
}
