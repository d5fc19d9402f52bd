/** `editable store move`: every repair on a retrained network. */
import { defineCommand, exitCodes } from '../../command.js';
import { shown } from '../../console/job-display.js';
import { type TestImagesFlags, testImagesOptions } from '../../options/shared.js';
import { storeArgument } from '../../options/store.js';
import { type BaseFlags, baseOptions } from './init.js';
import { openBenchFor, withStore } from './opening.js';

export const moveCommand: ReturnType<typeof defineCommand> = defineCommand<BaseFlags & TestImagesFlags>({
  name: 'move',
  summary: 'Take a retrained run as the new base, solve all repairs on it, and say which it no longer needs.',
  arguments: [storeArgument],
  options: { ...baseOptions, ...testImagesOptions },
  examples: ['store move STORE --run runs/retrained'],
  run: ([folder], flags, console) =>
    withStore(folder, async (store) => {
      const { moveTo, openModel } = await import('@editable/workspace');
      const { describeMove } = await import('../../report/store-text.js');
      const opened = await shown(console, (job) => openModel(flags.run, flags, job));
      const bench = () => openBenchFor(store, flags, console);
      const moved = await shown(console, (job) => moveTo(store, opened, flags, bench, job));
      console.print(describeMove(moved, (id) => store.repair(id)));
      const { released, ...rest } = moved;
      console.result({ store: folder, ...rest, id: released.stored.id, ...released.release });
      return exitCodes.done;
    }),
});
