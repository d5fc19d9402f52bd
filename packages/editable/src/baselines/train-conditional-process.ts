/** Training of Editable+CNP (section 4.1), model and encoder together or the encoder alone: one random edit a batch. */
import { existsSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { modelHash } from '../patches/model-hash.js';
import { trainingSteps } from '../training/training-steps.js';
import type { ConditionalProcess } from './conditional-process.js';
import { type ConditionalSettings, type ConditionalStepTerms, ConditionalTraining } from './conditional-training.js';
import { hashOf } from './train-images.js';

/** Everything but `train` and `steps` has the value of `defaultConditionalTraining` where it is left out. */
export interface ConditionalTrainingOptions
  extends Pick<ConditionalSettings, 'train' | 'steps'>,
    Partial<Omit<ConditionalSettings, 'train' | 'steps'>> {
  /** Continued from where it is there, written every `checkpointEvery` steps, left there at the end. */
  readonly checkpointFile?: string;
  /** Default 200. */
  readonly checkpointEvery?: number;
  /** After each step. */
  readonly onStep?: (terms: ConditionalTerms) => void;
}

export interface ConditionalTerms extends ConditionalStepTerms {
  /** Steps done, this one included. */
  readonly step: number;
}

/** As for Editable Training (section 4.1); images as they are. */
export const defaultConditionalTraining: Omit<ConditionalSettings, 'train' | 'steps' | 'augmentation'> = {
  batchSize: 128,
  learningRate: 1e-3,
  cEdit: 0.01,
  cLoc: 0.01,
  margin: 0,
  freeze: false,
  clipNorm: 10,
  seed: 0,
};

/**
 * Trains encoder and model together from where they stand; those given are left as they were.
 *
 * @throws EditableError NOT_FINITE where training diverges; INVALID_RUN for a checkpoint of another training.
 */
export async function trainConditionalProcess(
  process: ConditionalProcess,
  { checkpointFile, checkpointEvery = 200, onStep = () => {}, ...options }: ConditionalTrainingOptions,
): Promise<ConditionalProcess> {
  const settings: ConditionalSettings = { ...defaultConditionalTraining, ...options };
  using training = new ConditionalTraining(process, settings);
  const key = checkpointFile === undefined ? '' : trainingKey(process, settings);
  const done = checkpointFile !== undefined && existsSync(checkpointFile) ? training.load(checkpointFile, key) : 0;
  const save = (steps: number): void => {
    if (checkpointFile !== undefined) training.save(checkpointFile, key, steps);
  };
  for (const step of trainingSteps({ done, steps: settings.steps, checkpointEvery, save })) {
    onStep({ step: step + 1, ...training.step(step) });
    await turn();
  }
  return training.trained();
}

/** What a checkpoint must share with a training to be continued by it. */
function trainingKey({ model, encoder, after }: ConditionalProcess, { train, ...rest }: ConditionalSettings): string {
  return JSON.stringify({ ...rest, after, model: modelHash(model), encoder: modelHash(encoder), train: hashOf(train) });
}
