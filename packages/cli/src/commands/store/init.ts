/** `editable store init`: a store for a run's network. */
import { defineCommand, exitCodes } from '../../command.js';
import { shown } from '../../console/job-display.js';
import { facts } from '../../console/table.js';
import { path, wholeNumber } from '../../options/kinds.js';
import { controlOptions, editorKinds, type MetricFlags, metricOptions } from '../../options/shared.js';
import { type BenchFlags, benchOptions, type PersonFlags, personOptions, storeArgument } from '../../options/store.js';
import type { OptionTable } from '../../options/table.js';
import { describeSolver } from '../../report/editor-text.js';

export interface BaseFlags extends BenchFlags, PersonFlags, MetricFlags {
  readonly run: string;
  readonly layers: readonly string[] | undefined;
  readonly maxSteps: number;
  readonly controlImages: number | undefined;
}

export const baseOptions: OptionTable<BaseFlags> = {
  run: { kind: path('run'), required: true, description: 'the run whose network is repaired' },
  layers: {
    kind: editorKinds.layers,
    description: 'what repairs may change: layer3, chain-3, all; commas between (default: what edit takes)',
  },
  maxSteps: { kind: editorKinds.maxSteps, default: 60, description: 'the most steps for a solution of the whole set' },
  controlImages: {
    kind: wholeNumber({ min: 10 }),
    description: 'so many of them (default: 1000, or all where there are fewer)',
  },
  ...metricOptions,
  ...personOptions,
  ...benchOptions,
  ...controlOptions,
};

export const initCommand: ReturnType<typeof defineCommand> = defineCommand<BaseFlags>({
  name: 'init',
  summary: "Make a store for a run's network; of what is there already, only how repairs are solved may change.",
  arguments: [storeArgument],
  options: baseOptions,
  examples: ['store init runs/plain/store --run runs/plain', 'store init STORE --run runs/plain --settle 16'],
  run: async ([folder], flags, console) => {
    const { makeStore, openModel, short } = await import('@editable/workspace');
    const opened = await shown(console, (job) => openModel(flags.run, flags, job));
    using store = await shown(console, (job) => makeStore(folder as string, opened, flags, job));
    const { base, solver } = store.base;
    console.print(
      facts([
        ['store', folder as string],
        ['base', `${short(base)}, from ${flags.run}`],
        ['repairs change', `${describeSolver(solver)}; answers on ${solver.controlImages} control images are kept`],
      ]),
    );
    console.result({ store: folder, base, solver });
    return exitCodes.done;
  },
});
