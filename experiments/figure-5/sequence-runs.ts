/** Several runs of the same sequence of repairs with other mistakes, and what they have in common: mean and deviation. */
import { join } from 'node:path';
import { type EditSequence, editSequence, makeRunFolder, modelHash, type Run } from 'editable';
import { digest } from '../shared/digest.js';
import type { Session } from '../shared/session.js';
import type { TunedEditor } from '../shared/tuned-editor.js';

export interface RunsChoice {
  /** Sequences, each of other mistakes. */
  readonly runs: number;
  readonly edits: number;
  /** Edits from one judging to the next. */
  readonly every: number;
}

export interface SpreadPoint {
  readonly edits: number;
  readonly testError: number;
  /** Standard deviation over the runs. */
  readonly deviation: number;
  /** Share of the edits so far that still hold, the mean. */
  readonly inForce: number;
}

export interface SequenceRuns extends RunsChoice {
  readonly successRate: number;
  readonly meanSteps: number;
  readonly points: readonly SpreadPoint[];
}

export async function sequenceRuns(
  session: Session,
  run: Run,
  { choice }: TunedEditor,
  { runs, edits, every }: RunsChoice,
): Promise<SequenceRuns> {
  const { dataset, device, work, say } = session;
  const folder = join(work, 'sequences');
  makeRunFolder(folder);
  const found: EditSequence[] = [];
  for (let at = 0; at < runs; at++) {
    const seed = session.seed + at;
    const name = digest([modelHash(run.model), choice, 'mistakes', edits, every, seed]).slice(0, 24);
    found.push(
      await editSequence(run.model, dataset, {
        editor: choice,
        edits,
        targets: 'mistakes',
        seed,
        device,
        normalization: run.config.normalization,
        checkpoints: Array.from({ length: Math.floor(edits / every) }, (_, i) => (i + 1) * every),
        recordsFile: join(folder, `${name}.jsonl`),
      }),
    );
    say(`  ${at + 1} of ${runs} sequences`);
  }
  return {
    runs,
    edits,
    every,
    successRate: mean(found.map(({ successRate }) => successRate)),
    meanSteps: mean(found.map(({ meanSteps }) => meanSteps)),
    points: pointsOf(found),
  };
}

/** The unedited model, then each judging; every run leaves out the images that it edits, so they start apart. */
function pointsOf(runs: readonly EditSequence[]): readonly SpreadPoint[] {
  const [first] = runs as readonly [EditSequence];
  const start = { edits: 0, ...spread(runs.map(({ testError }) => testError)), inForce: 1 };
  return [
    start,
    ...first.checkpoints.map(({ edits }, i) => ({
      edits,
      ...spread(runs.map(({ checkpoints }) => checkpoints[i]?.testError ?? Number.NaN)),
      inForce: mean(runs.map(({ checkpoints }) => checkpoints[i]?.inForce ?? Number.NaN)),
    })),
  ];
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function spread(errors: readonly number[]): { readonly testError: number; readonly deviation: number } {
  const testError = mean(errors);
  const squares = errors.reduce((sum, error) => sum + (error - testError) ** 2, 0);
  return { testError, deviation: Math.sqrt(squares / Math.max(errors.length - 1, 1)) };
}
