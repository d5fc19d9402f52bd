/** `editable store log`: who did what, when and why. */
import { defineCommand, exitCodes } from '../../command.js';
import { wholeNumber } from '../../options/kinds.js';
import { type OutputFlags, outputOptions } from '../../options/shared.js';
import { storeArgument } from '../../options/store.js';
import { withStore } from './opening.js';

interface LogFlags extends OutputFlags {
  readonly limit: number;
}

export const logCommand: ReturnType<typeof defineCommand> = defineCommand<LogFlags>({
  name: 'log',
  summary: 'Show what happened to the store: who, when, what and why, the newest last.',
  arguments: [storeArgument],
  options: {
    limit: { kind: wholeNumber({ min: 1 }), default: 30, description: 'the last so many are shown; --json has all' },
    ...outputOptions,
  },
  examples: ['store log STORE'],
  run: ([folder], { limit }, console) =>
    withStore(folder, async (store) => {
      const { describeLog } = await import('../../report/store-text.js');
      const { entries } = store;
      console.print(describeLog(entries.slice(-limit)));
      console.result({ store: folder, entries });
      return exitCodes.done;
    }),
});
