/** The store of repairs and releases. */
export * from './budget.js';
export type { Forecast } from './budget-forecast.js';
export type { JournalEntry, Solver, StoreEvent } from './events.js';
export { type Budget, type Checked, usualBudget, whyNotActivated } from './gate.js';
export * from './operations/activate.js';
export * from './operations/check.js';
export * from './operations/conflicts.js';
export * from './operations/diff.js';
export * from './operations/export.js';
export * from './operations/move.js';
export * from './operations/narrowing-preview.js';
export * from './operations/propose.js';
export {
  asked,
  makeRelease,
  previewRelease,
  type ReleasedSet,
  type ReleaseOptions,
  wishedPictures,
} from './operations/release.js';
export * from './operations/verify.js';
export { type Effect, type Release, type RepairStanding, readRelease } from './release-file.js';
export {
  type Deed,
  type RepairStatus,
  type StoredBase,
  type StoredCheck,
  type StoredRelease,
  type StoredRepair,
  type StoreState,
  servedRepairs,
  statusOf,
  wantedRepairs,
} from './state.js';
export { Store, short } from './store.js';
export {
  type AddBaseOptions,
  addBase,
  type Bench,
  benchOf,
  loadRelease,
  makeStore,
  openBench,
  openServingBench,
  type ServingBench,
} from './store-base.js';
export { TestAnswers, type TestAnswersOptions } from './test-answers.js';
export type { Source, Wish } from './wish.js';
