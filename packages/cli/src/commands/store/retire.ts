/** `editable store retire`: one repair ends; the others stay in force. */
import type { StoredBase } from '@editable/workspace';
import { defineCommand, exitCodes } from '../../command.js';
import { shown } from '../../console/job-display.js';
import { type TestImagesFlags, testImagesOptions } from '../../options/shared.js';
import {
  type BenchFlags,
  benchOptions,
  type PersonFlags,
  personOptions,
  type ReasonFlags,
  reasonOptionsWith,
  storeArgument,
} from '../../options/store.js';
import { openBenchFor, withStore } from './opening.js';

export const retireCommand: ReturnType<typeof defineCommand> = defineCommand<
  TestImagesFlags & PersonFlags & ReasonFlags & BenchFlags
>({
  name: 'retire',
  summary: 'End one repair. Where it is served, the others are solved anew without it and served in its place.',
  arguments: [storeArgument, { name: 'repair', description: 'the repair, by the beginning of its name' }],
  options: { ...reasonOptionsWith('why it ends'), ...testImagesOptions, ...personOptions, ...benchOptions },
  examples: ['store retire STORE 3fa8c1d2 --why "the label was wrong"'],
  run: ([folder, name], flags, console) =>
    withStore(folder, async (store) => {
      const { asked, retire } = await import('@editable/workspace');
      const { describeRelease } = await import('../../report/store-text.js');
      const benchOn = (base: StoredBase) => openBenchFor(store, flags, console, base);
      const { repair, released } = await shown(console, (job) => retire(store, name as string, flags, benchOn, job));
      console.print(`retired ${asked(repair)}${released === null ? '; it was not served' : ''}`);
      if (released !== null) console.print(describeRelease(released));
      console.result({
        store: folder,
        repair,
        active: released?.stored ?? null,
        effect: released?.release.effect ?? null,
      });
      return exitCodes.done;
    }),
});
