/** Ways to repair a model, as data, and what makes each ready: the paper's editors, its baselines, common workarounds. */
import { join } from 'node:path';
import {
  ConditionalProcessRepairer,
  createConditionalProcess,
  DeepNearestNeighborsRepairer,
  type EditorChoice,
  type EditorName,
  GradientRepairer,
  LookupTableRepairer,
  modelHash,
  RehearsalRepairer,
  type Repairer,
  RetrainingRepairer,
  type Run,
  type TestSet,
  type TrainImages,
  trainConditionalProcess,
  trainingSplits,
} from 'editable';
import { type CurvatureChoice, chosenCurvature, usualCurvature } from './curvature-choice.js';
import { shortDigest } from './digest.js';
import type { ConditionalChoice, RehearsalChoice, RetrainingChoice } from './scale.js';
import type { Session } from './session.js';
import { cardsChoice, type EditorToTune, type TunedEditor, type TunedOn, tunedEditor } from './tuned-editor.js';

export type Method =
  | ({ readonly kind: 'editor' } & EditorToTune)
  | ({ readonly kind: 'given' } & GivenEditor)
  | { readonly kind: 'card'; readonly layers: readonly string[] }
  | ({ readonly kind: 'rehearsal' } & EditorToTune & RehearsalChoice)
  | ({ readonly kind: 'cnp' } & ConditionalChoice)
  | { readonly kind: 'dknn'; readonly k: number }
  | { readonly kind: 'lookup-table' }
  | ({ readonly kind: 'retraining' } & Omit<RetrainingChoice, 'edits'>);

/** An editor as it is: nothing is tuned for the model. */
export interface GivenEditor {
  readonly editor: EditorName;
  readonly hyperparameters: EditorChoice['hyperparameters'];
  readonly layers: string | readonly string[];
  /** Augmented views of the input that must follow, too. */
  readonly views?: number;
  /** Nats by which the target must lead. */
  readonly margin?: number;
  /** Of the natural editor, where not the usual one: from 1,000 training images, without their labels. */
  readonly curvature?: CurvatureChoice;
}

/** A method that only needs images to be judged on. */
export interface ReadyMethod {
  /** The editor's name, or the method's. */
  readonly editor: EditorName | Method['kind'];
  readonly hyperparameters: EditorChoice['hyperparameters'];
  /** null: it changes no layers. */
  readonly layers: string | null;
  readonly tunedOn: TunedOn | null;
  readonly views?: number;
  readonly margin?: number;
  readonly curvature?: CurvatureChoice;
  readonly repairer: (testSet: TestSet) => Repairer;
}

/** Tunes or trains what the method needs; what was tuned or trained before is found again. */
export async function readyMethod(session: Session, run: Run, method: Method): Promise<ReadyMethod> {
  const { model } = run;
  const train = (): TrainImages => trainImages(session, run);
  switch (method.kind) {
    case 'editor': {
      const tuned = await tunedEditor(session, run, method);
      return { ...described(tuned), repairer: (testSet) => new GradientRepairer(model, testSet, tuned.choice) };
    }
    case 'given':
      return given(session, run, method);
    case 'card': {
      const tuned = await cardsChoice(session, run, method);
      return { ...described(tuned), repairer: (testSet) => new GradientRepairer(model, testSet, tuned.choice) };
    }
    case 'rehearsal': {
      const { weight, images } = method;
      const tuned = await tunedEditor(session, run, method);
      const options = { editor: tuned.choice, train: train(), weight, images, seed: session.seed };
      const { hyperparameters, ...rest } = described(tuned);
      const own = { editor: 'rehearsal', hyperparameters: { ...hyperparameters, weight, images } } as const;
      return { ...rest, ...own, repairer: (testSet) => new RehearsalRepairer(model, testSet, options) };
    }
    case 'cnp':
      return conditional(session, run, method);
    case 'dknn':
      return untuned('dknn', { k: method.k }, (testSet) => {
        return new DeepNearestNeighborsRepairer(model, testSet, { train: train(), k: method.k });
      });
    case 'lookup-table':
      return untuned('lookup-table', {}, (testSet) => new LookupTableRepairer(model, testSet));
    case 'retraining': {
      const { kind, ...settings } = method;
      const { augmentation } = session.dataset;
      const options = { ...settings, augmentation, train: train(), seed: session.seed };
      return {
        ...untuned(kind, settings, (testSet) => new RetrainingRepairer(model, testSet, options)),
        layers: 'all',
      };
    }
  }
}

function given(session: Session, run: Run, method: GivenEditor): ReadyMethod {
  const { editor, hyperparameters, layers, views, margin, curvature } = method;
  const { model } = run;
  const { scale } = session;
  const metric = chosenCurvature(session, run, curvature ?? usualCurvature);
  const asked = { ...(views === undefined ? {} : { views }), ...(margin === undefined ? {} : { margin }) };
  const choice: EditorChoice = { name: editor, hyperparameters, layers, maxSteps: scale.maxSteps, ...asked };
  return {
    editor,
    hyperparameters,
    layers: layersText(layers),
    tunedOn: null,
    ...asked,
    ...(curvature === undefined ? {} : { curvature }),
    repairer: (testSet) => new GradientRepairer(model, testSet, choice, metric),
  };
}

/** Editable+CNP: its model is trained with its encoder, from the run's. */
async function conditional(
  session: Session,
  run: Run,
  { kind, after, ...settings }: Extract<Method, { kind: 'cnp' }>,
): Promise<ReadyMethod> {
  const { dataset, seed, work, say } = session;
  const fresh = createConditionalProcess(run.model, { shape: dataset.shape, after, seed });
  const name = shortDigest([modelHash(run.model), after, settings, seed]);
  const { steps } = settings;
  const trained = await trainConditionalProcess(fresh, {
    ...settings,
    seed,
    train: trainImages(session, run),
    augmentation: dataset.augmentation,
    checkpointFile: join(work, `cnp-${name}.safetensors`),
    onStep: ({ step, loss, edit, locality }) => {
      if (step % 50 !== 0 && step !== steps) return;
      say(
        `  step ${step} of ${steps}: loss ${loss.toFixed(3)} (edit ${edit.toFixed(3)}, locality ${locality.toFixed(4)})`,
      );
    },
  });
  const ready = untuned(kind, settings, (testSet) => new ConditionalProcessRepairer(trained, testSet));
  return { ...ready, layers: after };
}

const trainImages = ({ dataset, device }: Session, { config }: Run): TrainImages => ({
  split: trainingSplits(dataset).train,
  normalization: config.normalization,
  device,
});

const described = ({ choice, tunedOn }: TunedEditor): Omit<ReadyMethod, 'repairer'> => ({
  editor: choice.name,
  hyperparameters: choice.hyperparameters,
  layers: layersText(choice.layers),
  tunedOn,
});

const layersText = (layers: EditorChoice['layers']): string => (typeof layers === 'string' ? layers : layers.join('+'));

const untuned = (
  editor: Method['kind'],
  hyperparameters: EditorChoice['hyperparameters'],
  repairer: ReadyMethod['repairer'],
): ReadyMethod => ({ editor, hyperparameters, layers: null, tunedOn: null, repairer });
