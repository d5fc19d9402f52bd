/** One repair of a translation model: the sentence before and after, which others changed, and a patch of the tensors. */
import { basename } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type WordChange, wordDiff } from '@editable/text';
import {
  alternativesOf,
  type BleuChange,
  beamSearch,
  type CurvatureOf,
  describePatch,
  type EditorChoice,
  exactBleuChange,
  metricOf,
  noisedSources,
  savePatch,
  selectParameters,
  stream,
  type TextPair,
  type TranslationEdit,
  type TranslationModel,
  TranslationRepairer,
  TranslationTestSet,
  translate,
  unchangedBleu,
  usualAlternatives,
} from 'editable';
import { goOn, type JobOptions, tell } from '../job-events.js';
import { layersText } from '../runs/editor-choice.js';
import { checkedSentence, type OpenedTranslator, sentencesOf } from '../runs/open-translator.js';

export interface TranslationRepairSettings {
  readonly source: string;
  /** The translation that it must have. */
  readonly target: string;
  readonly editor: EditorChoice;
  readonly curvature: CurvatureOf;
  readonly seed: number;
  /** Where the patch goes. */
  readonly out: string;
}

/** A test sentence whose translation is another after the repair. */
export interface ChangedSentence {
  /** Of the test sentence. */
  readonly index: number;
  readonly source: string;
  readonly reference: string;
  readonly before: string;
  readonly after: string;
  readonly diff: readonly WordChange[];
}

/** What `edit --json` prints for a run of translation. */
export interface TranslationRepairDocument {
  /** No alternative is likelier than the target. */
  readonly success: boolean;
  readonly steps: number;
  readonly loss: number;
  readonly source: string;
  readonly target: string;
  /** Tokens of the source that the vocabulary lacks. */
  readonly unknown: number;
  readonly before: string;
  readonly after: string;
  readonly diff: readonly WordChange[];
  /** Beam search gives the target. */
  readonly best: boolean;
  readonly bleuBefore: number;
  readonly bleuAfter: number;
  readonly bleuDrawdown: number;
  readonly sentences: number;
  readonly changes: readonly ChangedSentence[];
  /** Share of noised forms of the source, none of them asked for, that are translated to the target; null: there are none. */
  readonly generality: number | null;
  readonly unseenViews: number;
  readonly patch: string | null;
  readonly patchBytes: number | null;
  readonly editor: EditorChoice;
  readonly editSeconds: number;
  readonly seconds: number;
}

/** Noised forms that generality is judged on. */
const unseen = 10;
/** How often what beam search still prefers to the target becomes an alternative. */
export const repairRounds = 8;

/** @throws WorkspaceError for a sentence that is none; TextError UNKNOWN_SYMBOL for a target that cannot be encoded */
export async function repairTranslation(
  opened: OpenedTranslator,
  settings: TranslationRepairSettings,
  job: JobOptions = {},
): Promise<TranslationRepairDocument> {
  const started = performance.now();
  const { translator } = opened;
  const { editor, curvature, seed, out } = settings;
  const { codec, model } = translator;
  const source = checkedSentence(settings.source, 'source');
  const target = codec.encodeKnown(checkedSentence(settings.target, 'target'), 'target');
  const encoded = codec.encode(source, 'source');
  const { views = 0 } = editor;
  const noised = noisedSources(codec, source, views + unseen, stream(seed, 'repair-views'));
  const [held, others] = [noised.slice(0, views), noised.slice(views)];
  const pairs = sentencesOf(opened, 'test');
  using test = new TranslationTestSet(translator, pairs, {
    edited: selectParameters(model, editor.layers),
    onProgress: (done, total) => tell(job, { kind: 'translating', done, total }),
  });
  const repairer = new TranslationRepairer(translator, editor, curvature);
  const sources = [encoded, ...held];
  const editStarted = performance.now();
  const alternatives = alternativesOf(translator, sources, usualAlternatives(translator.spec));
  const edited = repairer.repair(
    sources.map((each, i) => ({ source: each, target, alternatives: alternatives[i] ?? [] })),
    { rounds: repairRounds },
  );
  const editSeconds = (performance.now() - editStarted) / 1000;
  await turn();
  goOn(job);
  const after = edited.steps === 0 ? undefined : test.translate(edited.model);
  const change: BleuChange = edited.steps === 0 ? unchangedBleu(test) : exactBleuChange(test, edited.model);
  const text = (of: TranslationModel): string => translate({ ...translator, model: of }, [source])[0]?.text ?? '';
  const [before, now] = [text(model), text(edited.model)];
  const wanted = codec.decode(target);
  const following = followers(opened, edited.model, others, target);
  const document = {
    success: edited.success,
    steps: edited.steps,
    loss: edited.loss,
    source,
    target: wanted,
    unknown: encoded.filter((token) => token === codec.vocabularies.source.unknown).length,
    before,
    after: now,
    diff: wordDiff(before, now),
    best: now === wanted,
    bleuBefore: test.bleu,
    bleuAfter: change.bleuAfter,
    bleuDrawdown: change.drawdown,
    sentences: test.count,
    changes: after === undefined ? [] : changesOf(opened, pairs, test.translations, after),
    generality: others.length === 0 ? null : following / others.length,
    unseenViews: others.length,
    editor,
    editSeconds,
  };
  const patch = edited.success && edited.changed.length > 0 ? writePatch(opened, edited, document, settings) : null;
  return {
    ...document,
    patch,
    patchBytes: patch === null ? null : describePatch(out).bytes,
    seconds: (performance.now() - started) / 1000,
  };
}

/** How many of the sources the model translates to the target. */
function followers(
  { translator }: OpenedTranslator,
  model: TranslationModel,
  sources: readonly (readonly number[])[],
  target: readonly number[],
): number {
  if (sources.length === 0) return 0;
  const found = beamSearch(model, translator.spec, sources);
  return found.filter(([best]) => best?.tokens.join() === target.join()).length;
}

function changesOf(
  { translator: { codec } }: OpenedTranslator,
  pairs: readonly TextPair[],
  before: readonly (readonly number[])[],
  after: readonly (readonly number[])[],
): ChangedSentence[] {
  return pairs.flatMap(({ source, target }, index) => {
    const [old, now] = [before[index] as readonly number[], after[index] as readonly number[]];
    if (old.join() === now.join()) return [];
    const texts = [codec.decode(old), codec.decode(now)] as const;
    return [{ index, source, reference: target, before: texts[0], after: texts[1], diff: wordDiff(...texts) }];
  });
}

function writePatch(
  { translator, data }: OpenedTranslator,
  { model, changed, steps, success }: TranslationEdit,
  {
    bleuDrawdown,
    changes,
    source,
    target,
  }: Pick<TranslationRepairDocument, 'bleuDrawdown' | 'changes' | 'source' | 'target'>,
  { editor, out }: TranslationRepairSettings,
): string {
  const { name, hyperparameters, layers, views = 0, margin = 0 } = editor;
  savePatch(out, translator.model, model, changed, {
    editor: name,
    hyperparameters,
    layers: layersText(layers),
    ...(views > 0 ? { views } : {}),
    ...(margin > 0 ? { margin } : {}),
    ...metricOf(editor),
    steps,
    success,
    dataset: basename(data),
    bleuDrawdown,
    flips: changes.length,
    sentences: [{ source, target }],
  });
  return out;
}
