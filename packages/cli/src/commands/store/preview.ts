/** `editable store preview`: what a release with some proposed repairs would do; nothing is kept. */
import { defineCommand, exitCodes } from '../../command.js';
import { shown } from '../../console/job-display.js';
import { facts } from '../../console/table.js';
import { type TestImagesFlags, testImagesOptions } from '../../options/shared.js';
import { type BenchFlags, benchOptions, storeArgument } from '../../options/store.js';
import { openBenchFor, withStore } from './opening.js';

export const previewCommand: ReturnType<typeof defineCommand> = defineCommand<TestImagesFlags & BenchFlags>({
  name: 'preview',
  summary: 'See what repairs would do together with those that are approved; nothing is kept.',
  arguments: [
    storeArgument,
    { name: 'repair', description: 'repairs, by the beginning of their names', several: true },
  ],
  options: { ...testImagesOptions, ...benchOptions },
  examples: ['store preview STORE 3fa8c1d2 --test-images 2000'],
  run: ([folder, ...names], flags, console) =>
    withStore(folder, async (store) => {
      const { previewRelease, wantedRepairs } = await import('@editable/workspace');
      const { effectFacts } = await import('../../report/store-text.js');
      const asked = names.map((name) => store.repair(name as string));
      const all = new Map([...wantedRepairs(store.state), ...asked].map((repair) => [repair.id, repair]));
      const bench = await openBenchFor(store, flags, console);
      const { effect, steps, seconds } = await shown(console, (job) =>
        previewRelease(bench, [...all.values()], flags, job),
      );
      console.print(facts([['repairs', String(all.size)], ...effectFacts(effect)]));
      console.result({ store: folder, repairs: [...all.keys()], effect, steps, seconds });
      return exitCodes.done;
    }),
});
