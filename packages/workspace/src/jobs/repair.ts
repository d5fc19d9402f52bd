/** One repair from the picture to the patch: edit, look at what else changed on the test split, write the changed tensors. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type nn, scope, type Tensor, tensor } from '@editable/torch';
import {
  basePredictions,
  type CurvatureOf,
  classesOf,
  describePatch,
  type EditorChoice,
  type EditResult,
  edit,
  editorOf,
  type Flip,
  type ImageSplit,
  labelBytes,
  makeRunFolder,
  metricOf,
  modelHash,
  normalizeImages,
  type Preview,
  pictureViews,
  preview,
  previewBySample,
  repairOf,
  savePatch,
  stream,
  subset,
  TestSet,
  trainingCurvature,
} from 'editable';
import { goOn, type JobOptions } from '../job-events.js';
import { inputOf, type Picture, type Prediction, probabilitiesOf, ranked } from '../pictures/picture.js';
import { layersText } from '../runs/editor-choice.js';
import type { OpenedModel } from '../runs/open-model.js';
import { jobFiles } from '../runs/run-files.js';

export interface RepairSettings {
  readonly picture: Picture;
  /** The class it must have. */
  readonly target: number;
  readonly editor: EditorChoice;
  /** For the natural editor; left out: computed from training images, and not kept. */
  readonly curvature?: CurvatureOf | undefined;
  readonly testImages: number | undefined;
  /** Half-width of the 95 % interval of drawdown to sample for; left out: exactly. */
  readonly precision?: number | undefined;
  readonly seed: number;
  /** Where the patch goes. */
  readonly out: string;
}

/** What `edit --json` prints. */
export interface RepairDocument {
  readonly success: boolean;
  readonly steps: number;
  /** The constraint's loss after the last step; 0 when it holds. */
  readonly loss: number;
  readonly target: { readonly label: number; readonly name: string };
  readonly before: Prediction;
  readonly after: Prediction;
  readonly errorBefore: number;
  readonly errorAfter: number;
  /** Test error after minus before. */
  readonly drawdown: number;
  /** Of drawdown: above 0 where only a sample of the test images was judged. */
  readonly standardError: number;
  /** Test images whose class changed, the edited one too where it is among them; an estimate where a sample was judged. */
  readonly flips: number;
  readonly judged: number;
  readonly testImages: number;
  /** Share of augmented views of the picture, none of them part of the constraint, that get the target. */
  readonly generality: number;
  readonly unseenViews: number;
  /** null where the edit failed or nothing had to change. */
  readonly patch: string | null;
  /** Its tensors, in bytes. */
  readonly patchBytes: number | null;
  readonly editor: EditorChoice;
  /** Of the edit alone. */
  readonly editSeconds: number;
  readonly seconds: number;
}

export interface Repair {
  readonly document: RepairDocument;
  /** Every test image whose class changed, of those judged. */
  readonly flips: readonly Flip[];
  /** Those but the edited picture itself. */
  readonly others: readonly Flip[];
  readonly probabilitiesBefore: readonly number[];
  readonly probabilitiesAfter: readonly number[];
}

/** Views of the edited picture that generality is judged on. */
const unseenViews = 16;

/** Edits the model for one picture, measures what else changes on the test split, and saves the patch. */
export async function repair(opened: OpenedModel, settings: RepairSettings, job: JobOptions = {}): Promise<Repair> {
  const { run, dataset, model, device } = opened;
  const { picture, target, editor, seed, out } = settings;
  const started = performance.now();
  const { classes, normalization } = run.config;
  using input = inputOf(picture, dataset, normalization, device);
  const probabilitiesBefore = probabilitiesOf(model, input);
  const { curvature = trainingCurvature(model, dataset, { normalization, device, ...metricOf(editor) }) } = settings;
  const rule = editorOf(editor, model, curvature);
  const { views = 0, margin = 0, layers, maxSteps } = editor;
  const { shape } = dataset;
  const { held, unseen } = pictureViews(picture.pixels, { shape, held: views, unseen: unseenViews, seed });
  const editStarted = performance.now();
  const result = scope(() => {
    const constraint = repairOf(input, target, { views: held.length > 0 ? batch(opened, held) : undefined, margin });
    return edit(model, constraint, { editor: rule, layers, maxSteps });
  });
  const editSeconds = (performance.now() - editStarted) / 1000;
  await pause(job);
  const following = scope(() => classesOf(result.model, batch(opened, unseen))).filter(
    (each) => each === target,
  ).length;
  const probabilitiesAfter = probabilitiesOf(result.model, input);
  await pause(job);
  const { split, indices } = judged(dataset.split('test'), settings.testImages, seed);
  const { flips, flipped, ...measured } = whatChanged(opened, result, split, settings);
  const changed = flips.map((flip) => ({ ...flip, index: indices[flip.index] as number }));
  const written = result.success && result.changed.length > 0;
  if (written) {
    const { drawdown } = measured;
    savePatch(out, model, result.model, result.changed, {
      editor: editor.name,
      hyperparameters: editor.hyperparameters,
      layers: layersText(editor.layers),
      ...(views > 0 ? { views } : {}),
      ...(margin > 0 ? { margin } : {}),
      ...metricOf(editor),
      steps: result.steps,
      success: result.success,
      dataset: dataset.name,
      drawdown,
      flips: Math.round(flipped),
      target: { label: target, className: classes[target], ...sourceOf(picture) },
    });
  }
  const document: RepairDocument = {
    success: result.success,
    steps: result.steps,
    loss: result.loss,
    target: { label: target, name: classes[target] as string },
    before: ranked(probabilitiesBefore, classes)[0] as Prediction,
    after: ranked(probabilitiesAfter, classes)[0] as Prediction,
    ...measured,
    flips: Math.round(flipped),
    generality: following / unseenViews,
    unseenViews,
    patch: written ? out : null,
    patchBytes: written ? describePatch(out).bytes : null,
    editor,
    editSeconds,
    seconds: (performance.now() - started) / 1000,
  };
  const others = changed.filter(({ index }) => index !== picture.index);
  return { document, flips: changed, others, probabilitiesBefore, probabilitiesAfter };
}

/** Lets other work, and a signal to stop, through between two parts that keep the thread. */
async function pause(job: JobOptions): Promise<void> {
  await turn();
  goOn(job);
}

const batch = ({ dataset: { shape }, run, device }: OpenedModel, images: readonly Uint8Array[]): Tensor =>
  tensor(normalizeImages([...images], shape, run.config.normalization), { shape: [images.length, ...shape], device });

/** On every test image, or on a sample; then what the unedited model says is kept with the run, as it costs the most. */
function whatChanged(
  { run, model, device }: OpenedModel,
  { model: edited, changed }: EditResult,
  split: ImageSplit,
  { precision, seed }: RepairSettings,
): Preview {
  const { normalization } = run.config;
  if (precision === undefined || changed.length === 0) {
    using test = new TestSet(split, { normalization, device, reducedPrecision: true });
    return preview(model, edited, changed, test);
  }
  const file = predictionsFile(run.folder, model, split);
  const base = basePredictions(model, split, { normalization, device, file });
  return previewBySample(edited, split, base, { precision, normalization, device, seed });
}

function predictionsFile(run: string, model: nn.Model, split: ImageSplit): string {
  const folder = join(run, jobFiles.predictions);
  makeRunFolder(folder);
  const images = createHash('sha256').update(labelBytes(split.labels)).digest('hex').slice(0, 8);
  return join(folder, `${modelHash(model).slice(0, 16)}-${split.length}-${images}.safetensors`);
}

const sourceOf = ({ index, file }: Picture): { index?: number; image?: string } => ({
  ...(index === null ? {} : { index }),
  ...(file === null ? {} : { image: file }),
});

/** All test images, or the random sample of them that evaluations with this seed judge on too. */
function judged(
  test: ImageSplit,
  count: number | undefined,
  seed: number,
): { split: ImageSplit; indices: ArrayLike<number> } {
  if (count === undefined || count >= test.length) return { split: test, indices: Array.from(test.labels.keys()) };
  const indices = stream(seed, 'test-images').sample(test.length, count).sort();
  return { split: subset(test, indices), indices };
}
