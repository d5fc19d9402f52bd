/** Many repairs of a translation run's model, held together, as one patch. */
import { basename } from 'node:path';
import { readFileOrExplain } from '@editable/torch';
import {
  type CurvatureOf,
  describePatch,
  type EditorChoice,
  metricOf,
  repairTranslations,
  savePatch,
  type TextPair,
  translate,
  translationMistakes,
} from 'editable';
import { z } from 'zod';
import { invalid, WorkspaceError } from '../errors.js';
import { type JobOptions, tell } from '../job-events.js';
import { layersText } from '../runs/editor-choice.js';
import { checkedSentence, type OpenedTranslator, sentencesOf } from '../runs/open-translator.js';
import { stem } from '../runs/run-files.js';
import { repairRounds } from './translation-repair.js';

export interface ListedTranslation {
  readonly source: string;
  readonly target: string;
  /** Of the test sentence; null for a sentence of one's own. */
  readonly index: number | null;
}

export interface TranslationRepairList {
  readonly repairs: readonly ListedTranslation[];
  /** For a file's name. */
  readonly name: string;
}

/** The model's worst translations of the test sentences; test sentences by number; or JSON lines. */
export type NamedTranslations =
  | { readonly mistakes: number }
  | { readonly indices: readonly number[] }
  | { readonly file: string };

/** @throws WorkspaceError naming the setting, or the line of a file, that cannot be used */
export function listTranslationRepairs(
  opened: OpenedTranslator,
  named: NamedTranslations,
  job: JobOptions = {},
): TranslationRepairList {
  if ('file' in named) return { repairs: repairsIn(named.file), name: stem(named.file) };
  const pairs = sentencesOf(opened, 'test');
  if ('mistakes' in named)
    return { repairs: worst(opened, pairs, named.mistakes, job), name: `mistakes-${named.mistakes}` };
  const { indices } = named;
  const repairs = indices.map((index) => {
    const pair = pairs[index];
    if (pair === undefined)
      throw invalid('indices', `expected whole numbers from 0 to ${pairs.length - 1}, received "${index}".`);
    return { ...pair, index };
  });
  return { repairs, name: `test-${indices.slice(0, 5).join('-')}${indices.length > 5 ? '-and-more' : ''}` };
}

function worst(
  { translator }: OpenedTranslator,
  pairs: readonly TextPair[],
  count: number,
  job: JobOptions,
): ListedTranslation[] {
  const translations = translate(
    translator,
    pairs.map(({ source }) => source),
    { onProgress: (done, total) => tell(job, { kind: 'translating', done, total }) },
  ).map(({ text }) => text);
  const found = translationMistakes(translator, pairs, translations).filter(
    ({ repairable, bleu }) => repairable && bleu < 100 - 1e-9,
  );
  if (found.length < count) {
    throw invalid(
      'mistakes',
      `expected at most ${found.length}, as no more of the ${pairs.length} test sentences can be repaired, received "${count}".`,
    );
  }
  return found.slice(0, count).map(({ source, reference, index }) => ({ source, target: reference, index }));
}

const line = z.strictObject({ source: z.string(), target: z.string() });

function repairsIn(path: string): ListedTranslation[] {
  const lines = new TextDecoder().decode(readFileOrExplain(path)).split('\n');
  const repairs = lines.flatMap((text, at): ListedTranslation[] => {
    if (text.trim() === '') return [];
    const where = `${path}, line ${at + 1}`;
    const { data, success } = line.safeParse(parsed(text));
    if (success) return [{ ...data, index: null }];
    throw new WorkspaceError(
      'INVALID_FILE',
      `${where}: expected {"source": SENTENCE, "target": TRANSLATION}, received ${text.trim().slice(0, 80)}.`,
    );
  });
  if (repairs.length > 0) return repairs;
  throw invalid('file', `expected JSON lines like {"source": "…", "target": "…"}, received ${path}, which has none.`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface TranslationRepairSetSettings {
  readonly repairs: readonly ListedTranslation[];
  /** `natural`. */
  readonly editor: EditorChoice;
  readonly curvature: CurvatureOf;
  readonly atOnce: boolean;
  /** Where the patch goes. */
  readonly out: string;
}

/** What `repair --json` prints for a run of translation. */
export interface TranslationRepairSetDocument {
  readonly run: string;
  readonly atOnce: boolean;
  readonly repairs: number;
  /** Share of the repairs whose target no alternative beats in the end. */
  readonly inForce: number;
  /** Share of the repairs whose target beam search gives in the end. */
  readonly bestRate: number;
  readonly records: readonly (ListedTranslation & {
    readonly held: boolean;
    readonly best: boolean;
    readonly steps: number;
  })[];
  /** On the test sentences that are not repaired. */
  readonly bleuBefore: number;
  readonly bleuAfter: number;
  readonly bleuDrawdown: number;
  /** Sentences judged, and how many of them are translated otherwise now. */
  readonly sentences: number;
  readonly changed: number;
  readonly editor: EditorChoice;
  readonly patch: string | null;
  readonly patchBytes: number | null;
  readonly seconds: number;
}

/** @throws WorkspaceError for a sentence that is none; TextError UNKNOWN_SYMBOL for a target that cannot be encoded */
export async function repairTranslationSet(
  opened: OpenedTranslator,
  { repairs, editor, curvature, atOnce, out }: TranslationRepairSetSettings,
  job: JobOptions = {},
): Promise<TranslationRepairSetDocument> {
  const { run, translator, data } = opened;
  const { codec } = translator;
  const pairs = repairs.map(({ source, target }, i) => ({
    source: codec.encode(checkedSentence(source, `repair ${i + 1}, source`), 'source'),
    target: codec.encodeKnown(checkedSentence(target, `repair ${i + 1}, target`), 'target'),
  }));
  const sources = new Set(repairs.map(({ source }) => source));
  const judged = sentencesOf(opened, 'test').filter(({ source }) => !sources.has(source));
  const set = await repairTranslations(translator, pairs, {
    ...{ editor, curvature, judged, atOnce, rounds: repairRounds },
    onRepair: (done, total) => tell(job, { kind: 'repair', done, total }),
  });
  const share = (of: (each: (typeof set.repairs)[number]) => boolean): number =>
    set.repairs.filter(of).length / repairs.length;
  const changed = Math.round(set.changedSentences * set.sentences);
  const bleuDrawdown = set.bleuBefore - set.bleuAfter;
  const inForce = share(({ held }) => held);
  if (set.changed.length > 0) {
    const { name, hyperparameters, layers, margin = 0 } = editor;
    savePatch(out, translator.model, set.model, set.changed, {
      editor: name,
      hyperparameters,
      layers: layersText(layers),
      ...(margin > 0 ? { margin } : {}),
      ...metricOf(editor),
      steps: set.repairs.reduce((sum, { steps }) => sum + steps, 0),
      success: inForce === 1,
      dataset: basename(data),
      bleuDrawdown,
      flips: changed,
      sentences: repairs.map(({ source, target }) => ({ source, target })),
    });
  }
  const patch = set.changed.length > 0 ? out : null;
  return {
    run: run.folder,
    atOnce,
    repairs: repairs.length,
    inForce,
    bestRate: share(({ best }) => best),
    records: repairs.map((each, i) => ({ ...each, ...(set.repairs[i] as (typeof set.repairs)[number]) })),
    bleuBefore: set.bleuBefore,
    bleuAfter: set.bleuAfter,
    bleuDrawdown,
    sentences: set.sentences,
    changed,
    editor,
    patch,
    patchBytes: patch === null ? null : describePatch(patch).bytes,
    seconds: set.seconds,
  };
}
