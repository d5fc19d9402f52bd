/** `editable store diff`: what lies between two releases. */
import { defineCommand, exitCodes } from '../../command.js';
import { shown } from '../../console/job-display.js';
import { type TestImagesFlags, testImagesOptions } from '../../options/shared.js';
import { type BenchFlags, benchOptions, storeArgument } from '../../options/store.js';
import { baseOf, openBenchFor, releaseNamed, withStore } from './opening.js';

export const diffCommand: ReturnType<typeof defineCommand> = defineCommand<TestImagesFlags & BenchFlags>({
  name: 'diff',
  summary: 'Compare two releases: repairs, weights, and answers on the test images.',
  arguments: [
    storeArgument,
    { name: 'from', description: 'a release, "active" or "base"' },
    { name: 'to', description: 'another one' },
  ],
  options: { ...testImagesOptions, ...benchOptions },
  examples: ['store diff STORE base active', 'store diff STORE 81c0f3ab 9d77e210'],
  run: ([folder, from, to], flags, console) =>
    withStore(folder, async (store) => {
      const { diffReleases } = await import('@editable/workspace');
      const { describeDiff } = await import('../../report/store-text.js');
      const [a, b] = [from, to].map((word) => releaseNamed(store, word as string)) as [string | null, string | null];
      const bench = await openBenchFor(store, flags, console, baseOf(store, a ?? b));
      const diff = await shown(console, (job) =>
        diffReleases(bench, { from: a, to: b, testImages: flags.testImages }, job),
      );
      console.print(describeDiff(diff, bench.opened.run.config.classes));
      console.result({ store: folder, ...diff });
      return exitCodes.done;
    }),
});
