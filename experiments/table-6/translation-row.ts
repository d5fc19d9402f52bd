/** A row of table 6: a model, an editor, and what its edits cost. */
import { join } from 'node:path';
import {
  canonicalTranslationChoice,
  type EditorChoice,
  evaluateTranslation,
  metricOf,
  modelHash,
  repairTranslations,
  type TranslationRun,
  translate,
  translationMistakes,
} from 'editable';
import { shortDigest } from '../shared/digest.js';
import type { PaperFigures, RowPlan } from '../shared/experiment.js';
import { type EditableTranslation, lastLayer, type TranslationScale } from './translation-scale.js';
import {
  curvatureOfRun,
  fineTuned,
  plainTranslator,
  type TranslationSession,
  translatorOf,
} from './translation-session.js';

export interface TranslationRow {
  /** "plain", or the name of a training that starts from it. */
  readonly training: string;
  readonly editor: string;
  readonly hyperparameters: Readonly<Record<string, number | string>>;
  readonly layers: string;
  /** Of the model before any edit, on the test sentences judged. */
  readonly bleu: number;
  /** BLEU before minus BLEU after: the mean over independent edits, or after all repairs in a row. */
  readonly bleuDrawdown: number;
  /** null: of one model, every sentence judged. */
  readonly bleuDrawdownInterval: readonly [low: number, high: number] | null;
  readonly samplingError: number;
  readonly successRate: number;
  /** Share of edits after which beam search gives the target. */
  readonly bestRate: number;
  readonly meanSteps: number;
  readonly generality: number | null;
  /** Share of test sentences that are translated otherwise. */
  readonly changed: number;
  readonly edits: number;
  /** Repairs in a row, all in force; null: independent edits. */
  readonly inARow: number | null;
  readonly meanJudged: number;
  readonly secondsPerEdit: number;
}

type Plan = RowPlan<TranslationRow, TranslationSession>;

export type TrainedAs = 'plain' | EditableTranslation;

const nameOf = (training: TrainedAs): string => (training === 'plain' ? 'plain' : training.name);

const runOf = (session: TranslationSession, training: TrainedAs): Promise<TranslationRun> =>
  training === 'plain' ? plainTranslator(session) : fineTuned(session, training);

export const rmspropOf = (scale: TranslationScale, learningRate: number): EditorChoice => ({
  name: 'rmsprop',
  hyperparameters: { learningRate, beta: 0.5 },
  layers: lastLayer(scale),
  maxSteps: 10,
});

/** The same for every training. `layers`: those of RMSProp unless told. */
export const naturalOf = (
  scale: TranslationScale,
  { layers = lastLayer(scale), settle }: Partial<Pick<EditorChoice, 'layers' | 'settle'>> = {},
): EditorChoice =>
  canonicalTranslationChoice({ name: 'natural', hyperparameters: {}, layers, maxSteps: 10, ...metricOf({ settle }) });

/** N independent edits to sampled targets; targets and alternatives are the plain model's for every row. */
export const editsPlan = (
  name: string,
  { training, editor }: { readonly training: TrainedAs; readonly editor: EditorChoice },
  paper: PaperFigures | null,
): Plan => ({
  name,
  setup: { kind: 'edits', training, editor },
  paper,
  async measure(session) {
    const run = await runOf(session, training);
    const plain = training === 'plain' ? run : await plainTranslator(session);
    const { scale, test, exact, seed, work } = session;
    const precision = exact ? null : scale.precision;
    const recordsFile = join(
      work,
      `records-${shortDigest([modelHash(run.model), editor, scale.edits, precision, seed])}.jsonl`,
    );
    const evaluation = await evaluateTranslation(translatorOf(run), test, {
      ...{ edits: scale.edits, editor, seed, recordsFile, baseline: translatorOf(plain) },
      curvature: curvatureOfRun(session, run, editor),
      precision: precision ?? undefined,
      onEdit: (done, total) => {
        if (done % 10 === 0) session.say(`  ${name}: ${done} of ${total} edits`);
      },
    });
    const { bleuDrawdown, bleuDrawdownInterval, samplingError, successRate, bestRate, meanSteps } = evaluation;
    const { bleu, generality, changed, edits, meanJudged, seconds } = evaluation;
    return {
      ...described(training, evaluation.editor),
      ...{ bleu, bleuDrawdown, bleuDrawdownInterval, samplingError, successRate, bestRate, meanSteps, generality },
      ...{ changed, edits, inARow: null, meanJudged, secondsPerEdit: seconds / edits },
    };
  },
});

/** The model's worst translations repaired to their references, one after another, all in force. */
export const repairsPlan = (
  name: string,
  { training, editor }: { readonly training: TrainedAs; readonly editor: EditorChoice },
): Plan => ({
  name,
  setup: { kind: 'repairs', training, editor },
  paper: null,
  async measure(session) {
    const run = await runOf(session, training);
    const translator = translatorOf(run);
    const { scale, test } = session;
    const translations = translate(
      translator,
      test.map(({ source }) => source),
    ).map(({ text }) => text);
    const worst = translationMistakes(translator, test, translations)
      .filter(({ repairable }) => repairable)
      .slice(0, scale.inARow);
    const indices = new Set(worst.map(({ index }) => index));
    const pairs = worst.map(({ source, reference }) => ({
      source: translator.codec.encode(source, 'source'),
      target: translator.codec.encode(reference, 'target'),
    }));
    const set = await repairTranslations(translator, pairs, {
      editor: { ...editor, maxSteps: 30 },
      curvature: curvatureOfRun(session, run, editor),
      judged: test.filter((_, at) => !indices.has(at)),
      onRepair: (done, total) => session.say(`  ${name}: ${done} of ${total} repairs`),
    });
    const share = (of: (each: (typeof set.repairs)[number]) => boolean): number =>
      set.repairs.filter(of).length / pairs.length;
    return {
      ...described(training, editor),
      bleu: set.bleuBefore,
      bleuDrawdown: set.bleuBefore - set.bleuAfter,
      bleuDrawdownInterval: null,
      samplingError: 0,
      successRate: share(({ held }) => held),
      bestRate: share(({ best }) => best),
      meanSteps: set.repairs.reduce((sum, { steps }) => sum + steps, 0) / pairs.length,
      generality: null,
      changed: set.changedSentences,
      edits: pairs.length,
      inARow: pairs.length,
      meanJudged: set.sentences,
      secondsPerEdit: set.seconds / pairs.length,
    };
  },
});

const described = (
  training: TrainedAs,
  { name, hyperparameters, layers }: EditorChoice,
): Pick<TranslationRow, 'training' | 'editor' | 'hyperparameters' | 'layers'> => ({
  training: nameOf(training),
  editor: name,
  hyperparameters,
  layers: layers as string,
});
