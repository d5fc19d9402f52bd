/** `editable store rollback`: an earlier release is served again, to the bit. */
import { defineCommand, exitCodes } from '../../command.js';
import { text } from '../../options/kinds.js';
import { type OutputFlags, outputOptions } from '../../options/shared.js';
import {
  type PersonFlags,
  personOptions,
  type ReasonFlags,
  reasonOptionsWith,
  storeArgument,
} from '../../options/store.js';
import { withStore } from './opening.js';

interface RollBackFlags extends PersonFlags, ReasonFlags, OutputFlags {
  readonly to: string | undefined;
}

export const rollbackCommand: ReturnType<typeof defineCommand> = defineCommand<RollBackFlags>({
  name: 'rollback',
  summary: 'Serve the release before the active one again, or an earlier one: the same bits as then.',
  arguments: [storeArgument],
  options: {
    to: {
      kind: text('release', 'a release or "base"'),
      description: 'the release, or "base" for the network without repairs (default: the one before)',
    },
    ...reasonOptionsWith('what went wrong'),
    ...personOptions,
    ...outputOptions,
  },
  examples: ['store rollback STORE --why "complaints about bags"', 'store rollback STORE --to base --why "audit"'],
  run: ([folder], flags, console) =>
    withStore(folder, async (store) => {
      const { rollBack, short } = await import('@editable/workspace');
      const release = rollBack(store, flags);
      console.print(
        release === null
          ? 'the base is served as it is'
          : `active: ${short(release.id)}, ${release.repairs.length} repairs`,
      );
      console.result({ store: folder, active: release });
      return exitCodes.done;
    }),
});
