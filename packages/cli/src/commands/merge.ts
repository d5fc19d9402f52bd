/** `editable merge`: shards of evaluations and of a curvature, which independent jobs made, as one. */
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { count } from '../console/numbers.js';
import { UsageError } from '../errors.js';
import { type OutputFlags, outputOptions } from '../options/shared.js';

export const mergeCommand: ReturnType<typeof defineCommand> = defineCommand<OutputFlags>({
  name: 'merge',
  summary: 'Put the shards of evaluations and of the curvature together, to what one process makes.',
  arguments: [{ name: 'run', description: 'the run folder, with all shards in it' }],
  options: outputOptions,
  examples: ['merge runs/editable'],
  run: merge,
});

async function merge([word]: readonly (string | undefined)[], _: object, console: Console): Promise<number> {
  const folder = word as string;
  const { hasFactorShards } = await import('editable');
  const { hasEvaluationShards, mergeCurvature } = await import('@editable/workspace');
  const [factors, evaluations] = [hasFactorShards(folder), hasEvaluationShards(folder)];
  if (!factors && !evaluations) {
    throw new UsageError(
      `${folder} holds no shards; evaluate and curvature with --shard 0/4, 1/4 and so on write them.`,
    );
  }
  const curvature = factors ? mergeCurvature(folder) : null;
  const merged = evaluations ? await mergeAll(folder) : { documents: [], texts: [] };
  const texts = [
    ...(curvature === null ? [] : [`curvature of ${count(curvature.inputs)} control inputs · ${curvature.path}`]),
    ...merged.texts,
  ];
  console.print(texts.join('\n\n'));
  console.result({ evaluations: merged.documents, curvature });
  return exitCodes.done;
}

async function mergeAll(folder: string): Promise<{ readonly documents: object[]; readonly texts: string[] }> {
  const { taskOfRun } = await import('editable');
  const { mergeEvaluations, mergeTranslationEvaluations } = await import('@editable/workspace');
  if (taskOfRun(folder) === 'translation') {
    const { describeTranslationEvaluation } = await import('../report/translation-evaluation-text.js');
    const documents = mergeTranslationEvaluations(folder);
    return { documents, texts: documents.map(describeTranslationEvaluation) };
  }
  const { describeEvaluation } = await import('../report/evaluation-text.js');
  const documents = mergeEvaluations(folder);
  return { documents, texts: documents.map(describeEvaluation) };
}
