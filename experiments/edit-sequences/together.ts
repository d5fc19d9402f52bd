/** Repairs that stay in force together: one after another, each solved with those before it, or all at once from the base. */
import {
  type EditorChoice,
  type EditTargets,
  type EditTask,
  mistakeTasks,
  type Run,
  randomTasks,
  repairMany,
  TestSet,
} from 'editable';
import { chosenCurvature, usualCurvature } from '../shared/curvature-choice.js';
import { plainModel } from '../shared/models.js';
import type { Session } from '../shared/session.js';
import type { SequenceRow } from './sequence-row.js';

export interface TogetherChoice {
  readonly targets: EditTargets;
  readonly edits: number;
  readonly editor: EditorChoice;
  /** One solution of the whole set. */
  readonly atOnce: boolean;
}

const marks = [1, 2, 5, 10, 20, 50, 100, 150, 200, 300, 400, 500, 600, 700];

export async function repairTogether(session: Session, choice: TogetherChoice): Promise<SequenceRow> {
  const { dataset, device, seed, say } = session;
  const { atOnce, targets } = choice;
  const run = await plainModel(session);
  const { curve, ...found } = await repairMany(run.model, dataset, {
    tasks: tasksOf(session, run, choice),
    editor: choice.editor,
    atOnce,
    checkpoints: marks,
    unseenViews: 10,
    seed,
    device,
    normalization: run.config.normalization,
    curvature: chosenCurvature(session, run, usualCurvature),
    onRepair: (_, done, total) => {
      if (!atOnce && done % 50 === 0) say(`  ${done} of ${total} repairs`);
    },
  });
  const { errorBefore, editor, repairs, solveSeconds, generality, meanSteps, steps, conflicts } = found;
  return {
    training: 'plain',
    targets,
    editor: editor.name,
    hyperparameters: editor.hyperparameters,
    layers: editor.layers,
    testError: errorBefore,
    testImages: found.testImages,
    edits: repairs,
    successRate: found.inForce,
    meanSteps,
    checkpoints: curve.map(({ repairs: edits, error, flips, inForce }) => ({
      edits,
      testError: error,
      drawdown: error - errorBefore,
      flips,
      inForce,
      successRate: inForce,
    })),
    together: atOnce ? 'at once' : 'in a row',
    solveSeconds,
    steps,
    generality,
    conflicts: conflicts.length,
  };
}

function tasksOf(session: Session, { model, config }: Run, { targets, edits }: TogetherChoice): readonly EditTask[] {
  const { dataset, seed, device } = session;
  const split = dataset.split('test');
  if (targets === 'random') return randomTasks(split, { edits, classes: dataset.classes.length, seed });
  using all = new TestSet(split, { normalization: config.normalization, device });
  return mistakeTasks(all.predict(model), split.labels, { edits, seed });
}
