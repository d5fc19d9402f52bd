/** A training of a translation model as commands do it: begun or continued, judged at every epoch and on the test split. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BleuScore } from '@editable/text';
import type { Device, ProcessGroup } from '@editable/torch';
import {
  bleuOf,
  JsonLines,
  type ParallelCorpus,
  runFiles,
  type TextPair,
  type TranslationMetrics,
  type TranslationPlan,
  type TranslationRun,
  trainTranslation,
  translate,
} from 'editable';
import { type JobOptions, type TranslationEpoch, tell } from '../job-events.js';
import { stateOf, summarizeEpochs, type TrainingResult } from './training.js';

export interface TranslationTrainingResult extends Pick<TrainingResult, 'state' | 'seconds' | 'steps'> {
  readonly run: TranslationRun;
  readonly epochs: readonly TranslationEpoch[];
  /** Of the test sentences, by beam search; null where the data has none. */
  readonly bleu: number | null;
  readonly testSentences: number;
}

export interface TranslationTrainingJob {
  readonly folder: string;
  readonly plan: TranslationPlan;
  readonly corpus: ParallelCorpus;
  /** Sentences that the trained model is judged on. */
  readonly test: readonly TextPair[];
  readonly beam: number;
  readonly device: Device;
  /** The processes that train together; each runs the job. */
  readonly group?: ProcessGroup | undefined;
}

/** The part of a process that trains with others and is not rank 0: it leaves nothing behind. */
export async function trainTranslatorBeside({
  folder,
  plan,
  corpus,
  device,
  group,
}: TranslationTrainingJob): Promise<void> {
  await trainTranslation(folder, plan, corpus, { device, group });
  group?.finish();
}

/** Trains a run of translation to its end, from where it stands; BLEU on the validation and test sentences. */
export async function trainTranslator(
  { folder, plan, corpus, test, beam, device, group }: TranslationTrainingJob,
  job: JobOptions = {},
): Promise<TranslationTrainingResult> {
  const started = performance.now();
  const state = stateOf(folder);
  const run = await trainTranslation(folder, plan, corpus, {
    device,
    group,
    onLearning: () => tell(job, { kind: 'byte-pairs', merges: plan.text.merges }),
    onStep: telling(folder, job, state === 'continued'),
  });
  // What follows is rank 0's alone.
  group?.finish();
  if (state === 'finished before') tell(job, { kind: 'finished-before', folder });
  const bleu = test.length === 0 ? null : bleuOn(run, test, beam, job).score;
  const epochs = translationEpochs(folder);
  const seconds = (performance.now() - started) / 1000;
  return { run, epochs, steps: metricsOf(folder).length, bleu, testSentences: test.length, state, seconds };
}

/** sacreBLEU's BLEU of a run's translations. */
export function bleuOn(
  { model, config, codec }: TranslationRun,
  pairs: readonly TextPair[],
  beam: number,
  job: JobOptions = {},
): BleuScore {
  const translated = translate(
    { model, spec: config.model, codec },
    pairs.map(({ source }) => source),
    { beam, onProgress: (done, total) => tell(job, { kind: 'translating', done, total }) },
  );
  return bleuOf(
    { codec },
    translated.map(({ text }) => text),
    pairs,
  );
}

const metricsOf = (folder: string): TranslationMetrics[] =>
  new JsonLines<TranslationMetrics>(join(folder, runFiles.metrics)).read();

/** A line an epoch of what a training did. */
export function translationEpochs(folder: string): TranslationEpoch[] {
  if (!existsSync(join(folder, runFiles.metrics))) return [];
  const metrics = metricsOf(folder);
  return summarizeEpochs(metrics).map(({ epoch, loss, accuracy, edit, locality, successRate, editorSteps }) => {
    const last = metrics.findLast((step) => step.epoch === epoch) as TranslationMetrics;
    const edits = editorSteps === 0 ? null : { edit, locality, successRate, editorSteps };
    return { epoch, epochs: last.epochs, loss, accuracy, edits, validation: last.validation ?? null };
  });
}

/** An event a step, and one at every epoch's end. */
function telling(folder: string, job: JobOptions, continued: boolean): (metrics: TranslationMetrics) => void {
  let told = !continued;
  return ({ step, steps, loss, validation }) => {
    if (!told) tell(job, { kind: 'resumed', folder, step, steps });
    told = true;
    tell(job, { kind: 'training', loss, done: step, total: steps });
    if (validation === undefined) return;
    // Read back from the file, so that a continued epoch's summary covers all of its steps.
    const summary = translationEpochs(folder).at(-1);
    if (summary) tell(job, { kind: 'translation-epoch', summary });
  };
}
