/** The order of things in every training: steps from where it stands to the last, and what is kept every so many. */

export interface TrainingStepsOptions {
  /** Steps done before; default 0. */
  readonly done?: number;
  readonly steps: number;
  readonly checkpointEvery?: number;
  /** Keeps the state after so many steps; called every `checkpointEvery` and after the last. */
  readonly save?: (done: number) => void;
}

/** Step numbers from 0; a step is done when the next one is asked for. @example for (const step of trainingSteps({ steps })) … */
export function* trainingSteps({
  done = 0,
  steps,
  checkpointEvery = Number.POSITIVE_INFINITY,
  save = () => {},
}: TrainingStepsOptions): Generator<number, void, undefined> {
  for (let step = done; step < steps; step++) {
    yield step;
    if ((step + 1) % checkpointEvery === 0 || step + 1 === steps) save(step + 1);
  }
}
