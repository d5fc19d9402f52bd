/** Repairs that stay in force together: one after another, each solved with those before it, or all at once from the base. */
import { type Tensor, tensor } from '@editable/torch';
import {
  type Constraint,
  classification,
  countFlips,
  type EditTargets,
  type EditTask,
  editTogether,
  errorRate,
  firstStageOf,
  type ImageSplit,
  mistakeTasks,
  natural,
  normalizeImages,
  type Run,
  randomTasks,
  receivedBy,
  type SequenceCheckpoint,
  selectParameters,
  subset,
  TestSet,
  trainingCurvature,
} from 'editable';
import type { Session } from '../shared/session.js';

export interface TogetherChoice {
  readonly targets: EditTargets;
  readonly edits: number;
  readonly layers: string;
  /** One solution of the whole set; the checkpoints before are solutions of its first repairs. */
  readonly atOnce: boolean;
  readonly checkpoints: readonly number[];
}

export interface TogetherRepairs {
  readonly testError: number;
  readonly testImages: number;
  readonly edits: number;
  readonly successRate: number;
  /** A repair. */
  readonly meanSteps: number;
  /** Of the solutions alone, without judging. */
  readonly solveSeconds: number;
  readonly checkpoints: readonly SequenceCheckpoint[];
}

/** k, for a whole set. */
const maxSteps = 30;

export async function repairTogether(session: Session, run: Run, choice: TogetherChoice): Promise<TogetherRepairs> {
  const { dataset, device, say } = session;
  const { model, config } = run;
  const { normalization } = config;
  const { layers, atOnce, checkpoints } = choice;
  const split = dataset.split('test');
  const names = selectParameters(model, layers);
  const from = firstStageOf(model, names);
  const tasks = tasksOf(session, run, choice);
  const editor = natural({ curvature: trainingCurvature(model, dataset, { normalization, device })(names) });
  const constraints = tasks.map((task) => constraintOf(task, { split, run, from, device }));
  using judged = new TestSet(others(split, tasks), { normalization, device });
  using received = judged.activations(model, from);
  const before = judged.predict(model, received);
  const testError = errorRate(before, judged.labels);

  let current = model;
  let [steps, seconds] = [0, 0];
  const found: SequenceCheckpoint[] = [];
  for (let done = 1; done <= tasks.length; done++) {
    const due = checkpoints.includes(done) || done === tasks.length;
    if (atOnce && !due) continue;
    const started = performance.now();
    const start = atOnce ? model : current;
    const solved = editTogether(model, constraints.slice(0, done), { editor, maxSteps, start, received: true });
    const taken = (performance.now() - started) / 1000;
    steps = atOnce ? solved.steps : steps + solved.steps;
    seconds = atOnce ? taken : seconds + taken;
    if (solved.model !== current && current !== model)
      for (const name of names) (current.parameters.get(name) as Tensor).dispose();
    current = solved.model;
    if (!due) continue;
    const classes = judged.predict(current, received);
    const error = errorRate(classes, judged.labels);
    const inForce = solved.held.filter(Boolean).length / done;
    found.push({
      edits: done,
      testError: error,
      drawdown: error - testError,
      flips: countFlips(before, classes),
      inForce,
      successRate: inForce,
    });
    say(`  ${done} repairs: ${(inForce * 100).toFixed(1)} % in force, error ${(error * 100).toFixed(2)} %`);
  }
  const { successRate } = found.at(-1) as SequenceCheckpoint;
  return {
    testError,
    testImages: judged.labels.length,
    edits: tasks.length,
    successRate,
    meanSteps: steps / tasks.length,
    solveSeconds: seconds,
    checkpoints: found,
  };
}

function tasksOf(session: Session, { model, config }: Run, { targets, edits }: TogetherChoice): readonly EditTask[] {
  const { dataset, seed, device } = session;
  const split = dataset.split('test');
  if (targets === 'random') return randomTasks(split, { edits, classes: dataset.classes.length, seed });
  using all = new TestSet(split, { normalization: config.normalization, device });
  return mistakeTasks(all.predict(model), split.labels, { edits, seed });
}

interface Place {
  readonly split: ImageSplit;
  readonly run: Run;
  readonly from: number;
  readonly device: Session['device'];
}

function constraintOf({ index, target }: EditTask, { split, run, from, device }: Place): Constraint {
  const pixels = normalizeImages([split.image(index)], split.shape, run.config.normalization);
  return receivedBy(run.model, classification(tensor(pixels, { shape: [1, ...split.shape], device }), target), from);
}

/** A repaired image would count as an error for having been repaired, or as a repair: neither is what happens to the rest. */
function others(split: ImageSplit, tasks: readonly EditTask[]): ImageSplit {
  const repaired = new Set(tasks.map(({ index }) => index));
  return subset(
    split,
    [...split.labels.keys()].filter((index) => !repaired.has(index)),
  );
}
