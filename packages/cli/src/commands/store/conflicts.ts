/** `editable store conflicts`: which repairs are in each other's way. */
import { defineCommand, exitCodes } from '../../command.js';
import { shown } from '../../console/job-display.js';
import { type BenchFlags, benchOptions, storeArgument } from '../../options/store.js';
import { openBenchFor, withStore } from './opening.js';

export const conflictsCommand: ReturnType<typeof defineCommand> = defineCommand<BenchFlags>({
  name: 'conflicts',
  summary: 'Name approved repairs that contradict each other, and those that turn the same right answers wrong.',
  arguments: [storeArgument],
  options: benchOptions,
  examples: ['store conflicts STORE'],
  run: ([folder], flags, console) =>
    withStore(folder, async (store) => {
      const { conflictsOf } = await import('@editable/workspace');
      const { describeConflicts } = await import('../../report/store-text.js');
      const bench = await openBenchFor(store, flags, console);
      const conflicts = await shown(console, (job) => conflictsOf(bench, undefined, job));
      console.print(describeConflicts(conflicts, (id) => store.repair(id)));
      console.result({ store: folder, ...conflicts });
      return exitCodes.done;
    }),
});
