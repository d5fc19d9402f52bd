/** `editable store activate`: a release is served from now on. */
import { defineCommand, exitCodes } from '../../command.js';
import { text } from '../../options/kinds.js';
import { type OutputFlags, outputOptions } from '../../options/shared.js';
import { type PersonFlags, personOptions, storeArgument } from '../../options/store.js';
import { withStore } from './opening.js';

interface ActivateFlags extends PersonFlags, OutputFlags {
  readonly why: string | undefined;
  readonly override: string | undefined;
}

export const activateCommand: ReturnType<typeof defineCommand> = defineCommand<ActivateFlags>({
  name: 'activate',
  summary: 'Serve a release from now on. It has to have passed "editable check" before.',
  arguments: [storeArgument, { name: 'release', description: 'the release, by the beginning of its name' }],
  options: {
    why: { kind: text('reason', 'a reason'), description: 'for the log' },
    override: {
      kind: text('reason', 'a reason'),
      description: 'why it shall be served without a check that passed; the log keeps it',
    },
    ...personOptions,
    ...outputOptions,
  },
  examples: ['store activate STORE 81c0f3ab', 'store activate STORE 81c0f3ab --override "the old one answers nothing"'],
  run: ([folder, name], flags, console) =>
    withStore(folder, async (store) => {
      const { activate, short } = await import('@editable/workspace');
      const release = activate(store, name as string, flags);
      console.print(`active: ${short(release.id)}, ${release.repairs.length} repairs`);
      console.result({ store: folder, active: release });
      return exitCodes.done;
    }),
});
