/** Every edit judged three ways: on all images in float32, on all in bfloat16, on samples; records are kept edit by edit. */
import { join } from 'node:path';
import { scope, type Tensor, tensor } from '@editable/torch';
import {
  type BasePredictions,
  GradientRepairer,
  JsonLines,
  judgeBySample,
  makeRunFolder,
  modelHash,
  normalizeImages,
  type Repair,
  type Run,
  randomTasks,
  SamplingPlan,
  TestSet,
} from 'editable';
import { digest } from '../shared/digest.js';
import { tunedModel } from '../shared/model-editor.js';
import { type Training, trainingName } from '../shared/models.js';
import type { SamplingChoice } from '../shared/scale.js';
import type { Session } from '../shared/session.js';
import { type EditJudgments, type SamplingRow, summarizeJudgments } from './judgments.js';

export async function measureSampling(
  session: Session,
  training: Training,
  choice: SamplingChoice,
): Promise<SamplingRow> {
  const { dataset, seed, device, say } = session;
  const { run, choice: editor } = await tunedModel(session, training);
  const { normalization } = run.config;
  const split = dataset.split('test');
  using exactly = new TestSet(split, { normalization, device });
  using reduced = new TestSet(split, { normalization, device, reducedPrecision: true });
  using repairer = new GradientRepairer(run.model, exactly, editor);
  using second = new GradientRepairer(run.model, reduced, editor);
  const tasks = randomTasks(split, { edits: choice.edits, classes: dataset.classes.length, seed });
  const kept = new JsonLines<EditJudgments>(recordsFile(session, run, [editor, choice]));
  const records = kept.read().slice(0, tasks.length);
  kept.write(records);
  const plans = choice.halfWidths.map((precision) => new SamplingPlan(repairer.base, repairer.labels, { precision }));
  say(`  ${tasks.length - records.length} edits, each judged ${plans.length + 2} times`);
  for (let position = records.length; position < tasks.length; position++) {
    const { index, target } = tasks[position] as (typeof tasks)[number];
    const record = scope((): EditJudgments => {
      const pixels = normalizeImages([split.image(index)], dataset.shape, normalization);
      const input: Tensor = tensor(pixels, { shape: [1, ...dataset.shape], device });
      const repair = repairer.repair(input, target);
      const again = second.repair(input, target);
      return {
        index,
        target,
        success: repair.success,
        steps: repair.steps,
        ...(repair.steps === 0 ? notJudged : judgments(repairer, repair, again, plans, { seed, position })),
      };
    });
    records.push(record);
    kept.append(record);
  }
  const { name, hyperparameters, layers } = editor;
  return {
    training: trainingName(training),
    editor: name,
    hyperparameters,
    layers,
    testImages: split.length,
    ...summarizeJudgments(records, choice.halfWidths),
  };
}

const notJudged: Pick<EditJudgments, 'exact' | 'reduced' | 'samples'> = { exact: null, reduced: null, samples: [] };

function judgments(
  { base, labels }: { readonly base: BasePredictions; readonly labels: Int32Array },
  repair: Repair,
  again: Repair,
  plans: readonly SamplingPlan[],
  at: { readonly seed: number; readonly position: number },
): Pick<EditJudgments, 'exact' | 'reduced' | 'samples'> {
  const exact = timed(() => repair.judge());
  const reduced = timed(() => again.judge());
  const samples = plans.map((plan) => {
    const { value, seconds } = timed(() => judgeBySample(plan, repair, at));
    const { drawdown, standardError, judged } = value;
    return { drawdown, standardError, judged, seconds };
  });
  return {
    exact: { drawdown: meanChange(base.classes, exact.value, labels), seconds: exact.seconds },
    reduced: { differing: exact.value.filter((each, i) => each !== reduced.value[i]).length, seconds: reduced.seconds },
    samples,
  };
}

function timed<Value>(body: () => Value): { readonly value: Value; readonly seconds: number } {
  const started = performance.now();
  const value = body();
  return { value, seconds: (performance.now() - started) / 1000 };
}

const meanChange = (before: Int32Array, after: Int32Array, labels: Int32Array): number =>
  labels.reduce((sum, label, i) => sum + Number(after[i] !== label) - Number(before[i] !== label), 0) / labels.length;

function recordsFile({ work, seed, device }: Session, run: Run, of: readonly unknown[]): string {
  const folder = join(work, 'judgments');
  makeRunFolder(folder);
  return join(folder, `${digest([modelHash(run.model), of, seed, device]).slice(0, 24)}.jsonl`);
}
