/** A store: a mistake is reported, a second person approves it, a release is made, served, and taken back. */
import {
  activate,
  approve,
  checkRelease,
  inputOf,
  listMistakes,
  loadRelease,
  makeRelease,
  makeStore,
  openBench,
  openModel,
  probabilitiesOf,
  propose,
  recordCheck,
  rollBack,
  testPicture,
} from '@editable/workspace';

// The network of the first example becomes the store's base. What is there already stays.
const opened = await openModel('runs/examples/plain');
using store = makeStore('runs/examples/store', opened, { by: 'ann', controlImages: 300 });
const bench = await openBench(store);

// Ann reports the surest mistake whose label is not suspect; Bob, not Ann, approves it.
const known = new Set([...store.state.repairs.values()].map(({ source }) => source.index));
const mistake = listMistakes(bench.opened, 'test').mistakes.find(
  ({ suspect, index }) => !suspect && !known.has(index),
)!;
const picture = testPicture(mistake.index, bench.opened.dataset);
const wish = propose(bench, { picture, target: mistake.truth.label, by: 'ann', why: 'a customer complained' });
approve(store, wish.id, { by: 'bob', why: 'the label is right' });

// Every approved repair is solved together, from the base; what that costs is measured and kept with it.
const { stored, release } = await makeRelease(bench, { by: 'bob', testImages: 2000 });
const { repairs, drawdown } = release.effect;
console.log(
  `Release ${stored.id.slice(0, 10)}: ${repairs.length} in force, drawdown ${(100 * drawdown).toFixed(2)} points.`,
);

// What is served changes when a release is activated, and comes back to the bit.
const answer = (): string => {
  const { model } = loadRelease(bench, store.state.active);
  const { classes, normalization } = bench.opened.run.config;
  const probabilities = probabilitiesOf(model, inputOf(picture, bench.opened.dataset, normalization, 'cpu'));
  return classes[probabilities.indexOf(Math.max(...probabilities))]!;
};
const before = answer();
// The gate: what passed is served at once, anything else only with a reason that the log keeps.
const check = await checkRelease(() => bench, { id: stored.id, base: store.base.base, testImages: 2000 });
recordCheck(store, check, { by: 'bob' });
activate(store, stored.id, { by: 'bob', ...(check.passed ? {} : { override: 'only an example' }) });
const served = answer();
rollBack(store, { by: 'carl', why: 'only an example' });
console.log(`Test image ${mistake.index}: ${before}, then ${served}, then ${answer()} again.`);
