/** `editable store propose`: wishes with their evidence, to be approved by a second person. */
import type { Bench, StoredRepair } from '@editable/workspace';
import { defineCommand, exitCodes } from '../../command.js';
import { UsageError } from '../../errors.js';
import { path, text } from '../../options/kinds.js';
import { pictureNamed } from '../../options/picture-named.js';
import { type ConstraintFlags, constraintOptions, type InputFlags, inputOptions } from '../../options/shared.js';
import {
  type BenchFlags,
  benchOptions,
  type PersonFlags,
  personOptions,
  type ReasonFlags,
  reasonOptionsWith,
  storeArgument,
} from '../../options/store.js';
import type { OptionTable } from '../../options/table.js';
import { openBenchFor, withStore } from './opening.js';

interface ProposeFlags extends InputFlags, ConstraintFlags, PersonFlags, ReasonFlags, BenchFlags {
  readonly target: string | undefined;
  readonly file: string | undefined;
}

const options: OptionTable<ProposeFlags> = {
  ...inputOptions,
  target: { kind: text('label', 'a class by number or name'), description: 'the class it must have' },
  file: {
    kind: path('file'),
    description: 'many at once, JSON lines: {"image": "boot.png", "target": "Sneaker"} or {"index": 12, "target": 3}',
  },
  ...constraintOptions,
  ...reasonOptionsWith('what is wrong, for whoever approves it'),
  ...personOptions,
  ...benchOptions,
};

export const proposeCommand: ReturnType<typeof defineCommand> = defineCommand<ProposeFlags>({
  name: 'propose',
  summary:
    'Ask for a repair: the picture, the right class, and why. Nothing is served before it is approved and released.',
  arguments: [storeArgument],
  options,
  examples: [
    'store propose STORE --index 12 --target Sneaker --why "ticket 481"',
    'store propose STORE --file repairs.jsonl --why "found by the audit" --views 4',
  ],
  run: ([folder], flags, console) =>
    withStore(folder, async (store) => {
      const bench = await openBenchFor(store, flags, console);
      const { describeRepair } = await import('../../report/store-text.js');
      const repairs = await proposeAll(bench, flags);
      for (const repair of repairs) console.print(`proposed ${describeRepair(repair)}`);
      console.result({ store: folder, repairs });
      return exitCodes.done;
    }),
});

async function proposeAll(bench: Bench, flags: ProposeFlags): Promise<readonly StoredRepair[]> {
  const { labelNamed, listRepairs, propose, readPicture, testPicture } = await import('@editable/workspace');
  const { opened } = bench;
  const { views, margin, by, why, file } = flags;
  const asked = { views, margin, by, why };
  if (file === undefined) {
    if (flags.target === undefined)
      throw new UsageError('--target: expected a class by number or name, received none.');
    const target = labelNamed(flags.target, opened.run.config.classes);
    return [propose(bench, { picture: await readPicture(pictureNamed(flags), opened.dataset), target, ...asked })];
  }
  if (flags.index !== undefined || flags.image !== undefined || flags.target !== undefined)
    throw new UsageError('--file: expected without --index, --image and --target, as its lines have them.');
  const { repairs } = await listRepairs(opened, { file });
  return repairs.map(({ index, pixels, target, file: image }) =>
    propose(bench, {
      picture:
        pixels === undefined ? testPicture(index as number, opened.dataset) : { pixels, index: null, file: image },
      target,
      ...asked,
    }),
  );
}
