/** `editable store approve`: a second person agrees to repairs, with a reason. */
import { defineCommand, exitCodes } from '../../command.js';
import { type OutputFlags, outputOptions } from '../../options/shared.js';
import {
  type PersonFlags,
  personOptions,
  type ReasonFlags,
  reasonOptionsWith,
  storeArgument,
} from '../../options/store.js';
import { withStore } from './opening.js';

export const approveCommand: ReturnType<typeof defineCommand> = defineCommand<PersonFlags & ReasonFlags & OutputFlags>({
  name: 'approve',
  summary: 'Agree to proposed repairs, as another person than proposed them; the next release holds them.',
  arguments: [
    storeArgument,
    { name: 'repair', description: 'repairs, by the beginning of their names', several: true },
  ],
  options: { ...reasonOptionsWith('what was looked at'), ...personOptions, ...outputOptions },
  examples: ['store approve STORE 3fa8c1d2 --by bob --why "the label is right"'],
  run: ([folder, ...names], flags, console) =>
    withStore(folder, async (store) => {
      const { approveAll, asked } = await import('@editable/workspace');
      const repairs = approveAll(store, names as string[], flags);
      for (const repair of repairs) console.print(`approved ${asked(repair)}`);
      console.result({ store: folder, repairs });
      return exitCodes.done;
    }),
});
