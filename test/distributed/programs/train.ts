/** Trains small networks in float64 on made-up pictures, alone or in the group of the environment; prints what comes of them. */
import {
  groupOfEnvironment,
  manualSeed,
  modelOf,
  nn,
  type ProcessGroup,
  randn,
  type Tensor,
  tensor,
} from '@editable/torch';
import { classification } from '../../../packages/editable/src/editing/constraints/classification.js';
import { cifarResNet18 } from '../../../packages/editable/src/models/cifar-resnet18.js';
import { imageClassification } from '../../../packages/editable/src/tasks/image-classification.js';
import { defaultTraining, type TrainingSettings } from '../../../packages/editable/src/training/settings.js';
import { Trainer } from '../../../packages/editable/src/training/trainer.js';
import { runTraining } from '../../../packages/editable/src/training/training-loop.js';
import type { TrainingWork } from '../../../packages/editable/src/training/training-work.js';

interface Plan {
  readonly folder: string;
  readonly network: 'perceptron' | 'resnet';
  readonly settings: Partial<TrainingSettings>;
  readonly steps: number;
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

const double = (model: nn.Model): nn.Model =>
  model.with({
    parameters: new Map([...model.parameters].map(([name, value]) => [name, value.to('float64')])),
    buffers: new Map(
      [...model.buffers].map(([name, value]) => [name, name.endsWith('tracked') ? value : value.to('float64')]),
    ),
  });

function network(plan: Plan): nn.Model {
  manualSeed(1);
  if (plan.network === 'resnet') return double(modelOf(cifarResNet18({ width: 2, inChannels: 1, classes: 3 })));
  return double(
    modelOf(new nn.Sequential([new nn.Flatten(), new nn.Linear(64, 12), new nn.ELU(), new nn.Linear(12, 3)])),
  );
}

const labels = (count: number, step: number): Tensor =>
  tensor(BigInt64Array.from({ length: count }, (_, i) => BigInt((i * 7 + step) % 3)));

function pictures(seed: number, count: number): Tensor {
  manualSeed(seed);
  return randn([count, 1, 8, 8], { dtype: 'float64' });
}

const workOf = (plan: Plan, settings: TrainingSettings): TrainingWork => ({
  task: imageClassification,
  steps: plan.steps,
  stepsPerEpoch: plan.steps,
  read: () => new Promise((resolve) => setTimeout(resolve, plan.pause ?? 0)),
  batch: (step) => {
    if (step === plan.breakAt && process.env.RANK === '1') throw new Error('training diverged: the loss is NaN');
    return { input: pictures(100 + step, 16), target: labels(16, step) };
  },
  constraint: (step, edit = 0) =>
    settings.objective === 'plain'
      ? undefined
      : classification(pictures(5000 + 10 * step + edit, 1), (step + edit) % 3, { margin: 0.5 }),
});

async function train(plan: Plan, group: ProcessGroup | undefined): Promise<object> {
  const settings = settingsOf(plan);
  const work = workOf(plan, settings);
  const trainer = new Trainer(work.task, network(plan), settings, new Set(), group);
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
