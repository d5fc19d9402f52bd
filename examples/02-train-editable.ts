/** Prepares the network of example 01 for edits (Editable Training, equations 2 to 4) and measures what that changes. */
import { type Evaluation, evaluate, loadDataset, openRun, type Run, runConfig, trainRun } from 'editable';

const dataset = await loadDataset('fashion-mnist');
const plain = openRun('runs/examples/plain');

// Fine-tuning from the plain weights: every step makes one edit, differentiates through it, and pays for its damage.
const settings = {
  ...plain.config.training!,
  objective: 'editable',
  from: plain.folder,
  learningRate: 2e-3,
  trainImages: 3000,
  editor: { name: 'rmsprop', hyperparameters: { learningRate: 1e-3, beta: 0.5 }, layers: 'layer3', maxSteps: 5 },
  cEdit: 0.5,
  cLoc: 0.5,
} as const;
const editable = await trainRun('runs/examples/editable', runConfig(dataset, plain.config.model, settings), dataset, {
  initial: plain.model,
  onStep: ({ step, steps, ...terms }) => {
    const [base, edit, locality] = [terms.base, terms.edit, terms.locality].map((term) => term.toFixed(3));
    if (step % 20 === 0) console.log(`step ${step}/${steps}: L_base ${base}, L_edit ${edit}, L_loc ${locality}`);
  },
});

// The same random edits on both: what an edit costs on the rest of the test images, on average.
const percent = (rate: number): string => `${(100 * rate).toFixed(1)} %`;
const measure = (run: Run): Promise<Evaluation> =>
  evaluate(run.model, dataset, { editor: { ...settings.editor, maxSteps: 10 }, edits: 40, testImages: 500, seed: 0 });
for (const run of [plain, editable]) {
  const { testError, drawdown, drawdownInterval, successRate } = await measure(run);
  const [low, high] = drawdownInterval.map(percent);
  console.log(`${run.folder}: error ${percent(testError)}, success ${percent(successRate)}`);
  console.log(`  drawdown ${percent(drawdown)}, 95 % interval ${low} to ${high}`);
}
