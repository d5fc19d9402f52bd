/** `editable store release`: every approved repair solved from the base, measured and kept. */
import { defineCommand, exitCodes } from '../../command.js';
import { shown } from '../../console/job-display.js';
import { type TestImagesFlags, testImagesOptions } from '../../options/shared.js';
import { type BenchFlags, benchOptions, type PersonFlags, personOptions, storeArgument } from '../../options/store.js';
import { openBenchFor, withStore } from './opening.js';

export const releaseCommand: ReturnType<typeof defineCommand> = defineCommand<
  TestImagesFlags & PersonFlags & BenchFlags
>({
  name: 'release',
  summary:
    'Solve all approved repairs together, measure what they cost, keep the result. What is served does not change.',
  arguments: [storeArgument],
  options: { ...testImagesOptions, ...personOptions, ...benchOptions },
  examples: ['store release STORE', 'store release STORE --test-images 2000 --json'],
  run: ([folder], flags, console) =>
    withStore(folder, async (store) => {
      const { makeRelease } = await import('@editable/workspace');
      const { describeRelease } = await import('../../report/store-text.js');
      const bench = await openBenchFor(store, flags, console);
      const released = await shown(console, (job) => makeRelease(bench, flags, job));
      console.print(describeRelease(released));
      console.result({ store: folder, id: released.stored.id, ...released.release });
      return exitCodes.done;
    }),
});
