/** What a run's own files tell of it: its evaluations with every edit, its training step by step. Nothing is computed anew. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readFileOrExplain } from '@editable/torch';
import { type EditorChoice, runFiles } from 'editable';
import { z } from 'zod';
import { jobFiles } from './run-files.js';

/** One independent edit. */
export interface EditFigures {
  /** In the test split. */
  readonly index: number;
  readonly target: number;
  readonly drawdown: number;
  readonly flips: number;
  readonly steps: number;
}

export interface EvaluationFigures {
  /** Its file's name. */
  readonly file: string;
  readonly editor: Pick<EditorChoice, 'name' | 'layers' | 'views' | 'margin'>;
  readonly targets: string;
  readonly edits: number;
  readonly testError: number;
  readonly drawdown: number;
  readonly drawdownInterval: readonly [low: number, high: number];
  readonly generality: number | null;
  readonly successRate: number;
  readonly meanSteps: number;
  readonly records: readonly EditFigures[];
}

export interface TrainingFigures {
  readonly step: number;
  readonly base: number;
  readonly locality: number;
}

export interface RunFigures {
  readonly evaluations: readonly EvaluationFigures[];
  /** Steps, at most 2,000 of them, evenly spread; empty for a network that was trained elsewhere. */
  readonly training: readonly TrainingFigures[];
}

const most = 2000;

const evaluation = z.object({
  editor: z.object({
    name: z.string(),
    layers: z.union([z.string(), z.array(z.string())]),
    views: z.number().optional(),
    margin: z.number().optional(),
  }),
  targets: z.string(),
  edits: z.number(),
  testError: z.number(),
  drawdown: z.number(),
  drawdownInterval: z.tuple([z.number(), z.number()]),
  generality: z.number().nullable(),
  successRate: z.number(),
  meanSteps: z.number(),
});

const record = z.object({
  index: z.number(),
  target: z.number(),
  drawdown: z.number(),
  flips: z.number(),
  steps: z.number(),
});

const step = z.object({ step: z.number(), base: z.number(), locality: z.number() });

/** Evaluations of other tasks, and files cut short by a kill, are left out. */
export function figuresOf(run: string): RunFigures {
  const folder = join(run, jobFiles.evaluations);
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  const evaluations = files.sort().flatMap((file) => {
    const { success, data } = evaluation.safeParse(parsed(textOf(join(folder, file))));
    if (!success) return [];
    const editor = data.editor as EvaluationFigures['editor'];
    return [{ file, ...data, editor, records: lines(join(folder, `${file}l`), record) }];
  });
  const steps = lines(join(run, runFiles.metrics), step);
  const stride = Math.max(1, Math.ceil(steps.length / most));
  return { evaluations, training: steps.filter((_, at) => at % stride === 0) };
}

const textOf = (path: string): string => Buffer.from(readFileOrExplain(path)).toString('utf8');

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of JSON lines, those that are what is looked for; none where there is no file. */
function lines<Value>(path: string, schema: z.ZodType<Value>): Value[] {
  if (!existsSync(path)) return [];
  return textOf(path)
    .split('\n')
    .flatMap((line) => {
      const { success, data } = schema.safeParse(parsed(line));
      return success ? [data] : [];
    });
}
