/** `editable store status`: repairs, releases, and what is served. */
import { defineCommand, exitCodes } from '../../command.js';
import { type OutputFlags, outputOptions } from '../../options/shared.js';
import { storeArgument } from '../../options/store.js';
import { withStore } from './opening.js';

export const statusCommand: ReturnType<typeof defineCommand> = defineCommand<OutputFlags>({
  name: 'status',
  summary: 'Show the repairs with their states, the releases, and what is served.',
  arguments: [storeArgument],
  options: outputOptions,
  examples: ['store status STORE'],
  run: ([folder], _, console) =>
    withStore(folder, async (store) => {
      const { statusOf } = await import('@editable/workspace');
      const { describeState } = await import('../../report/store-text.js');
      const { state } = store;
      console.print(describeState(state));
      console.result({
        store: folder,
        base: state.base,
        active: state.active,
        repairs: [...state.repairs.values()].map((repair) => ({ ...repair, status: statusOf(state, repair) })),
        releases: [...state.releases.values()],
      });
      return exitCodes.done;
    }),
});
