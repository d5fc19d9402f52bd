/**
 * How far each row's edits move the weights, and over how many of them the movement is spread: why editors differ here.
 * `node experiments/table-1/update-spread.mjs RUN DATA-DIR [RESULTS.json]`, RUN being the plain model's folder.
 */
import { readFileSync } from 'node:fs';
import { scope, tensor } from '@editable/torch';
import { classification, edit, editorNamed, loadDataset, normalizeImages, openRun, randomTasks } from 'editable';

const [run, dataDir, results = new URL('results/small.json', import.meta.url)] = process.argv.slice(2);
const {
  model,
  config: { normalization, dataset: name },
} = openRun(run);
const dataset = await loadDataset(name, { dataDir });
const test = dataset.split('test');
const tasks = randomTasks(test, { edits: 60, classes: dataset.classes.length, seed: 0 });

console.log('editor     layers  moved   spread  steps');
for (const row of JSON.parse(readFileSync(results, 'utf8')).rows) {
  const moves = tasks.flatMap((task) => moveOf(row, task) ?? []);
  const mean = (of) => moves.reduce((sum, each) => sum + of(each), 0) / moves.length;
  const [moved, spread, steps] = [mean((each) => each.moved), mean((each) => each.spread), mean((each) => each.steps)];
  console.log(
    `${row.name.padEnd(10)} ${row.layers.padEnd(7)} ${(100 * moved).toFixed(2)} %  ${spread.toFixed(2)}    ${steps.toFixed(2)}`,
  );
}

/** ‖θ̂ − θ‖ / ‖θ‖, and (Σ|Δ|)² / (n ΣΔ²), which is 1 where all weights move alike; undefined where the edit did nothing or failed. */
function moveOf({ editor, hyperparameters, layers }, { index, target }) {
  return scope(() => {
    const pixels = normalizeImages([test.image(index)], dataset.shape, normalization);
    const input = tensor(pixels, { shape: [1, ...dataset.shape] });
    const rule = editorNamed(editor, hyperparameters);
    const {
      model: edited,
      success,
      steps,
      changed,
    } = edit(model, classification(input, target), { editor: rule, layers, maxSteps: 10 });
    if (!success || steps === 0) return undefined;
    const sums = changed.map((each) => {
      const before = model.parameters.get(each);
      const change = edited.parameters.get(each).sub(before);
      return [change.abs().sum(), change.square().sum(), before.square().sum()].map((sum) => sum.item());
    });
    const [absolute, squares, own] = [0, 1, 2].map((k) => sums.reduce((total, each) => total + each[k], 0));
    const count = changed.reduce((total, each) => total + model.parameters.get(each).numel, 0);
    return { moved: Math.sqrt(squares / own), spread: absolute ** 2 / (count * squares), steps };
  });
}
