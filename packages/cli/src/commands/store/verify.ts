/** `editable store verify`: whether the store is what was written. */
import { defineCommand, exitCodes } from '../../command.js';
import { type OutputFlags, outputOptions } from '../../options/shared.js';
import { storeArgument } from '../../options/store.js';
import { withStore } from './opening.js';

export const verifyCommand: ReturnType<typeof defineCommand> = defineCommand<OutputFlags>({
  name: 'verify',
  summary: 'Read the journal and every file against their hashes. Exits with 1 where something is damaged.',
  arguments: [storeArgument],
  options: outputOptions,
  examples: ['store verify STORE'],
  run: ([folder], _, console) =>
    withStore(folder, async (store) => {
      const { verifyStore } = await import('@editable/workspace');
      const { describeVerification } = await import('../../report/store-text.js');
      const verification = verifyStore(store);
      console.print(describeVerification(verification));
      console.result({ store: folder, ...verification });
      return verification.ok ? exitCodes.done : exitCodes.failed;
    }),
});
