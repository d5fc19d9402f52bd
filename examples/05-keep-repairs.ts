/** A store: a mistake is reported, a second person approves it, a release is made, served, and taken back. */
import {
  activate,
  addBase,
  approve,
  inputOf,
  listMistakes,
  loadRelease,
  makeRelease,
  openBench,
  openModel,
  probabilitiesOf,
  propose,
  rollBack,
  Store,
  testPicture,
} from '@editable/workspace';

// The network of the first example becomes the store's base. What is there already stays.
const opened = await openModel('runs/examples/plain');
using store = Store.create('runs/examples/store');
addBase(store, opened, { by: 'ann', controlImages: 300 });
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
activate(store, stored.id, { by: 'bob' });
const served = answer();
rollBack(store, { by: 'carl', why: 'only an example' });
console.log(`Test image ${mistake.index}: ${before}, then ${served}, then ${answer()} again.`);
