/** `editable merge`: shards of an evaluation, which independent jobs made, as one. */
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { type OutputFlags, outputOptions } from '../options/shared.js';

export const mergeCommand: ReturnType<typeof defineCommand> = defineCommand<OutputFlags>({
  name: 'merge',
  summary: 'Put the shards of an evaluation together, to the same records as one process makes.',
  arguments: [{ name: 'run', description: 'the run folder, with all shards in its evaluations/' }],
  options: outputOptions,
  examples: ['merge runs/editable'],
  run: merge,
});

async function merge([folder]: readonly (string | undefined)[], _: object, console: Console): Promise<number> {
  const { mergeEvaluations } = await import('@editable/workspace');
  const { describeEvaluation } = await import('../report/evaluation-text.js');
  const documents = mergeEvaluations(folder as string);
  console.print(documents.map(describeEvaluation).join('\n\n'));
  console.result(documents);
  return exitCodes.done;
}
