/** Trains small networks, in float64 unless asked otherwise, on made-up pictures or sentences, alone or in the group of the environment; prints what comes of them. */
import {
  groupOfEnvironment,
  manualSeed,
  modelOf,
  nn,
  type ProcessGroup,
  randn,
  type Tensor,
  type Tree,
  tensor,
} from '@editable/torch';
import { classification } from '../../../packages/editable/src/editing/constraints/classification.js';
import { cifarResNet18 } from '../../../packages/editable/src/models/cifar-resnet18.js';
import { createTransformer, type TransformerSpec } from '../../../packages/editable/src/models/transformer/index.js';
import { imageClassification } from '../../../packages/editable/src/tasks/image-classification.js';
import {
  defaultTraining,
  type StepSettings,
  type TrainingSettings,
} from '../../../packages/editable/src/training/settings.js';
import { Trainer } from '../../../packages/editable/src/training/trainer.js';
import { type LoopSettings, runTraining } from '../../../packages/editable/src/training/training-loop.js';
import type { TrainingWork } from '../../../packages/editable/src/training/training-work.js';
import {
  defaultTranslationTraining,
  type TranslationTraining,
} from '../../../packages/editable/src/training/translation-settings.js';
import { TranslationWork } from '../../../packages/editable/src/training/translation-work.js';

interface Plan {
  readonly folder: string;
  readonly network: 'perceptron' | 'resnet' | 'transformer';
  readonly settings: Partial<TrainingSettings> & Partial<TranslationTraining>;
  readonly steps: number;
  readonly float32?: boolean;
  /** Ends with an error of its own at this step, on rank 1. */
  readonly breakAt?: number;
  /** Waits between steps, in milliseconds. */
  readonly pause?: number;
}

const plans = JSON.parse(process.argv[2] as string) as readonly Plan[];

const settingsOf = (plan: Plan): TrainingSettings => ({
  ...defaultTraining,
  epochs: 1,
  learningRate: 0.05,
  optimizer: 'sgd',
  cEdit: 0.3,
  cLoc: 0.3,
  checkpointEvery: 3,
  ...plan.settings,
});

const double = <Model extends nn.Model<Tree, Tree>>(model: Model): Model =>
  model.with({
    parameters: new Map([...model.parameters].map(([name, value]) => [name, value.to('float64')])),
    buffers: new Map(
      [...model.buffers].map(([name, value]) => [name, name.endsWith('tracked') ? value : value.to('float64')]),
    ),
  }) as Model;

function network(plan: Plan): nn.Model {
  manualSeed(1);
  const made =
    plan.network === 'resnet'
      ? cifarResNet18({ width: 2, inChannels: 1, classes: 3 })
      : new nn.Sequential([new nn.Flatten(), new nn.Linear(64, 12), new nn.ELU(), new nn.Linear(12, 3)]);
  return plan.float32 === true ? modelOf(made) : double(modelOf(made));
}

const labels = (count: number, step: number): Tensor =>
  tensor(BigInt64Array.from({ length: count }, (_, i) => BigInt((i * 7 + step) % 3)));

function pictures({ float32 }: Plan, seed: number, count: number): Tensor {
  manualSeed(seed);
  return randn([count, 1, 8, 8], { dtype: float32 === true ? 'float32' : 'float64' });
}

const workOf = (plan: Plan, settings: TrainingSettings): TrainingWork => ({
  task: imageClassification,
  steps: plan.steps,
  stepsPerEpoch: plan.steps,
  read: () => new Promise((resolve) => setTimeout(resolve, plan.pause ?? 0)),
  batch: (step) => {
    if (step === plan.breakAt && process.env.RANK === '1') throw new Error('training diverged: the loss is NaN');
    return { input: pictures(plan, 100 + step, 16), target: labels(16, step) };
  },
  constraint: (step, edit = 0) =>
    settings.objective === 'plain'
      ? undefined
      : classification(pictures(plan, 5000 + 10 * step + edit, 1), (step + edit) % 3, { margin: 0.5 }),
});

const spec: TransformerSpec = {
  ...{ kind: 'transformer_iwslt_de_en', dim: 8, feedForward: 12, heads: 2, encoderLayers: 1, decoderLayers: 1 },
  ...{ dropout: 0, tied: 'all', sourceVocabulary: 12, targetVocabulary: 12 },
};

/** Sentences of two to seven words each, some of which batches pad. */
const sentences = Array.from({ length: 60 }, (_, i) => {
  const side = (length: number, from: number): number[] => [
    ...Array.from({ length }, (_, j) => 4 + ((from * (j + 3)) % 8)),
    2, // the end
  ];
  return { source: side(1 + (i % 5), i), target: side(1 + ((i * 3) % 7), i + 1) };
});

function translation(plan: Plan): {
  readonly work: TranslationWork;
  readonly model: ReturnType<typeof createTransformer>;
  readonly settings: TranslationTraining;
} {
  const settings: TranslationTraining = {
    ...defaultTranslationTraining,
    ...{ learningRate: 0.02, batchTokens: 60, maxLength: 20, alternatives: 3, cEdit: 10, cLoc: 10, checkpointEvery: 3 },
    epochs: 1,
    averageEpochs: 1,
    ...plan.settings,
  };
  const baseline = createTransformer(spec, { seed: 5 });
  const work = new TranslationWork(sentences, { spec, settings, device: 'cpu', baseline });
  return { work, model: double(createTransformer(spec, { seed: 4 })), settings };
}

const classificationOf = (plan: Plan) => {
  const settings = settingsOf(plan);
  return { work: workOf(plan, settings), model: network(plan), settings };
};

const train = (plan: Plan, group: ProcessGroup | undefined): Promise<object> =>
  plan.network === 'transformer'
    ? trainOn(plan, translation(plan), group)
    : trainOn(plan, classificationOf(plan), group);

interface Training<Input extends Tree, State extends Tree> {
  readonly work: TrainingWork<Input>;
  readonly model: nn.Model<Input, State>;
  readonly settings: StepSettings & LoopSettings;
}

async function trainOn<Input extends Tree, State extends Tree>(
  plan: Plan,
  { work, model, settings }: Training<Input, State>,
  group: ProcessGroup | undefined,
): Promise<object> {
  const trainer = new Trainer(work.task, model, settings, { group });
  let last = {};
  const loop = { work, trainer, settings, learningRate: () => settings.learningRate, measured: <T>(m: T): T => m };
  await runTraining(plan.folder, {
    ...loop,
    group,
    onStep: (metrics) => {
      last = metrics;
    },
  });
  const { parameters, buffers } = trainer.snapshot();
  const values = [...parameters, ...buffers].map(([name, value]) => [name, Array.from(value.data(), Number)] as const);
  return { values, learned: trainer.hyperparameters(), last };
}

try {
  const group = await groupOfEnvironment();
  const outcomes: object[] = [];
  for (const plan of plans) outcomes.push(await train(plan, group));
  group?.finish();
  console.log(JSON.stringify(outcomes));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
