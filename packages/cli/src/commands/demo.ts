/** `editable demo`: plain beside Editable Training on real images, then one real mistake repaired; a report of it all. */
import { defineCommand, exitCodes } from '../command.js';
import type { DemoFlags } from '../demo/demo.js';
import { path } from '../options/kinds.js';
import { dataOptions, deviceOptions, outputOptions, seedOptions } from '../options/shared.js';
import type { OptionTable } from '../options/table.js';

const options: OptionTable<DemoFlags> = {
  out: { kind: path('folder'), default: 'runs/demo', description: 'where the runs, the patch and report.html go' },
  ...seedOptions,
  ...deviceOptions,
  ...dataOptions,
  ...outputOptions,
};

export const demoCommand: ReturnType<typeof defineCommand> = defineCommand<DemoFlags>({
  name: 'demo',
  summary: 'Train both ways on Fashion-MNIST, compare what edits cost, repair a mistake, write a report (minutes).',
  arguments: [],
  options,
  examples: ['demo --out runs/demo', 'demo --json'],
  run: async (_, flags, console) => {
    const { runDemo } = await import('../demo/demo.js');
    console.result(await runDemo(flags, console));
    return exitCodes.done;
  },
});
