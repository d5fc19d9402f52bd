/** The models that experiments edit, each a run folder in the session's work: made once, opened afterwards. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadStateDict } from '@editable/torch';
import {
  basePredictions,
  createModel,
  createRun,
  defaultTraining,
  type ExtraLayerSize,
  grownFrom,
  hasStandardizedExtraLayer,
  type ModelSpec,
  openRun,
  type Run,
  type RunConfig,
  referenceRanks,
  runConfig,
  runFiles,
  type StepMetrics,
  type TrainingSettings,
  trainingSplits,
  trainRun,
  withStandardizedExtraLayer,
  withWeights,
} from 'editable';
import { shortDigest } from './digest.js';
import { publishedWeights } from './published-weights.js';
import type { BaseModel, EditableChoice } from './scale.js';
import type { Session } from './session.js';

/** Which model a row is about. */
export type Training = 'plain' | EditableChoice;

export const trainingName = (training: Training): string => (training === 'plain' ? 'plain' : training.name);

export const modelOf = (session: Session, training: Training): Promise<Run> =>
  training === 'plain' ? plainModel(session) : editableModel(session, training);

/** The model without Editable Training: imported or trained, as the scale says. */
export async function plainModel(session: Session): Promise<Run> {
  const { base } = session.scale;
  if (base.kind === 'checkpoint') return importedModel(session, base);
  const folder = join(session.work, 'plain');
  const training = settings(session, { objective: 'plain', ...base.training });
  return trained(session, folder, runConfig(session.dataset, resnet18(session, base), training));
}

/** Trained from scratch or fine-tuned from another model, by Editable Training unless its settings say otherwise; other settings are another folder. */
async function editableModel(session: Session, choice: EditableChoice): Promise<Run> {
  const plain = await plainModel(session);
  const { from } = choice;
  const training = settings(session, {
    objective: 'editable',
    from: from === null ? null : trainingName(from),
    ...choice.training,
    ...(choice.matchRanks ? { editTargets: { ranks: ranksOfMistakes(session, plain) } } : {}),
  });
  const model = withExtra(plain.config.model, choice.extra);
  const config: RunConfig = { ...plain.config, model, training };
  const folder = join(session.work, `${choice.name}-${shortDigest([asFirstNamed(model), training])}`);
  return trained(session, folder, config, from === null ? undefined : await modelOf(session, from));
}

async function importedModel(
  { dataset, device, weights, work, say }: Session,
  { model: kind, file, normalization, extra }: Extract<BaseModel, { kind: 'checkpoint' }>,
): Promise<Run> {
  const spec: ModelSpec = { kind, inChannels: dataset.shape[0], classes: dataset.classes.length };
  const model = withExtra(spec, extra);
  const folder = join(work, `plain-${shortDigest([model, file, normalization])}`);
  if (existsSync(join(folder, runFiles.config))) return openRun(folder, { device });
  const path = publishedWeights(file, weights);
  say(`importing ${file} into ${work}`);
  const published = withWeights(createModel(spec), loadStateDict(path), path);
  const config: RunConfig = { ...runConfig(dataset, model, null), normalization };
  const grown = grownFrom(published, model);
  const whole = hasStandardizedExtraLayer(model) ? withStandardizedExtraLayer(grown, dataset, config) : grown;
  createRun(folder, config, whole);
  return openRun(folder, { device });
}

async function trained(session: Session, folder: string, config: RunConfig, from?: Run): Promise<Run> {
  const { device, dataset, say } = session;
  const has = (file: string): boolean => existsSync(join(folder, file));
  if (!has(runFiles.model) || has(runFiles.checkpoint)) say(`training ${folder}`);
  return trainRun(folder, config, dataset, {
    device,
    onStep: everyEpoch(say),
    ...(from === undefined ? {} : { initial: from.model }),
  });
}

/** Ranks of the right classes where the model is wrong about training images: nothing that is evaluated takes part. */
export function ranksOfMistakes({ dataset, device, work }: Session, { model, config }: Run): readonly number[] {
  const { train } = trainingSplits(dataset);
  const file = join(work, 'training-predictions.safetensors');
  return referenceRanks(
    basePredictions(model, train, { normalization: config.normalization, device, file }),
    train.labels,
  );
}

/** A line after each epoch, and within a long one every 100 steps. */
const everyEpoch =
  (say: (text: string) => void) =>
  ({ step, steps, epoch, epochs, loss, base, locality, edit }: StepMetrics): void => {
    if (step % (steps / epochs) !== 0 && step % 100 !== 0) return;
    const terms = `loss ${loss.toFixed(3)} (base ${base.toFixed(3)}, edit ${edit.toFixed(3)}, locality ${locality.toFixed(4)})`;
    say(`  epoch ${epoch} of ${epochs}, step ${step} of ${steps}: ${terms}`);
  };

const withExtra = (model: ModelSpec, extra: ExtraLayerSize | undefined): ModelSpec =>
  extra === undefined || model.kind === 'torchscript' ? model : { ...model, extra };

/** Folders keep the names that they were given while the kind was called resnet18. */
const asFirstNamed = (model: ModelSpec): unknown =>
  model.kind === 'cifar-resnet18' ? { ...model, kind: 'resnet18' } : model;

const settings = ({ seed }: Session, own: Partial<TrainingSettings>): TrainingSettings => ({
  ...defaultTraining,
  seed,
  ...own,
});

const resnet18 = ({ dataset }: Session, { width, extra }: Extract<BaseModel, { kind: 'trained' }>): ModelSpec => ({
  kind: 'cifar-resnet18',
  width,
  inChannels: dataset.shape[0],
  classes: dataset.classes.length,
  ...(extra === undefined ? {} : { extra }),
});
