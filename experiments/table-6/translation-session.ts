/** What the rows of table 6 share: the parallel text, the models, and how both are known. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  ControlSentences,
  type CurvatureOf,
  type EditorChoice,
  modelHash,
  type ParallelCorpus,
  planFrom,
  readCorpusSplit,
  readParallelCorpus,
  settledSentenceCurvature,
  type TextPair,
  type TranslationMetrics,
  type TranslationRun,
  type Translator,
  trainTranslation,
  translationCurvature,
} from 'editable';
import type { Bench } from '../shared/bench.js';
import { shortDigest } from '../shared/digest.js';
import { ExperimentError } from '../shared/experiment-error.js';
import type { Workshop } from '../shared/workshop.js';
import { madeUpCorpus } from './made-up-corpus.js';
import { type EditableTranslation, plainTraining, type TranslationScale } from './translation-scale.js';

export interface TranslationSession extends Workshop {
  readonly scale: TranslationScale;
  readonly corpus: ParallelCorpus;
  readonly test: readonly TextPair[];
  /** Judge drawdown on all test sentences, whatever the scale says. */
  readonly exact: boolean;
}

/**
 * `root`: where a made-up text lies, the same for all shards.
 *
 * @throws ExperimentError where none of the folders has the scale's text
 */
export function openTranslationSession(
  workshop: Omit<TranslationSession, 'corpus' | 'test'>,
  folders: readonly string[],
  root: string,
): TranslationSession {
  const folder = corpusFolder(workshop.scale, folders, root);
  const { text } = workshop.scale;
  return { ...workshop, corpus: readParallelCorpus(folder, text), test: readCorpusSplit(folder, 'test', text) };
}

function corpusFolder({ corpus, text }: TranslationScale, folders: readonly string[], root: string): string {
  if (corpus === null) {
    const folder = join(root, 'made-up');
    madeUpCorpus(folder);
    return folder;
  }
  const found = folders.map((each) => resolve(each, corpus)).find((each) => existsSync(each));
  if (found !== undefined) return found;
  throw new ExperimentError(
    `--data-dir: expected a folder with ${corpus}, which holds train.${text.source} and the like; looked in ${folders.join(', ')}.`,
  );
}

export const translatorOf = ({ model, config, codec }: TranslationRun): Translator => ({
  model,
  spec: config.model,
  codec,
});

/** Trained where it is not there, or continued. */
export async function plainTranslator(session: TranslationSession): Promise<TranslationRun> {
  const { scale, corpus, seed, work, device } = session;
  const folder = join(work, 'plain');
  const model = { kind: 'transformer_iwslt_de_en', ...scale.sizes } as const;
  const plan = { text: scale.text, model, training: plainTraining(scale, seed) };
  return trainTranslation(folder, plan, corpus, { device, onStep: everyEpoch(session, folder) });
}

/** A training from the plain model. */
export async function fineTuned(session: TranslationSession, choice: EditableTranslation): Promise<TranslationRun> {
  const plain = await plainTranslator(session);
  const { scale, corpus, seed, work, device } = session;
  const usual = plainTraining(scale, seed);
  const training = {
    ...usual,
    ...choice.training,
    from: plain.folder,
    editor: {
      ...usual.editor,
      hyperparameters: { ...usual.editor.hyperparameters, learningRate: choice.learningRate },
    },
  };
  const folder = join(work, `${choice.name}-${shortDigest({ ...training, from: null })}`);
  return trainTranslation(folder, planFrom(plain, training), corpus, { device, onStep: everyEpoch(session, folder) });
}

/** From training sentences, kept with the run; its repairs settle where the editor asks for it. */
export function curvatureOfRun(
  { corpus }: TranslationSession,
  run: TranslationRun,
  { settle: steps = 0 }: Pick<EditorChoice, 'settle'>,
): CurvatureOf {
  const translator = translatorOf(run);
  const control = new ControlSentences(translator, corpus.train);
  return settledSentenceCurvature(
    translationCurvature(run, () => control),
    translator,
    control,
    { steps },
  );
}

const everyEpoch =
  ({ say }: TranslationSession, folder: string) =>
  ({ epoch, epochs, loss, edit, locality, validation }: TranslationMetrics): void => {
    if (validation === undefined) return;
    const terms = `loss ${loss.toFixed(3)}, edit ${edit.toFixed(3)}, locality ${locality.toFixed(4)}`;
    say(`  ${folder}, epoch ${epoch} of ${epochs}: ${terms}, BLEU ${validation.bleu.toFixed(2)} on validation`);
  };

export const translationBench: Bench<TranslationSession> = {
  model: async (session) => modelHash((await plainTranslator(session)).model),
  rules: ({ scale, corpus, exact }) => ({
    edits: scale.edits,
    precision: exact ? null : scale.precision,
    corpus: corpus.hash,
  }),
  data: ({ scale, corpus, test }) => ({
    dataset: scale.corpus ?? 'a made-up language',
    trainPairs: corpus.train.length,
    testSentences: test.length,
    sizes: scale.sizes,
    training: scale.training,
  }),
  judged: ({ test, corpus }) => `${corpus.train.length} training pairs, ${test.length} test sentences`,
  classes: () => [],
};
