/** `editable store export`: a release for others. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ExportFormat } from '@editable/workspace';
import { defineCommand, exitCodes } from '../../command.js';
import { UsageError } from '../../errors.js';
import { choice, path } from '../../options/kinds.js';
import { type BenchFlags, benchOptions, storeArgument } from '../../options/store.js';
import type { OptionTable } from '../../options/table.js';
import { fileSize } from '../../report/file-size.js';
import { baseOf, openBenchFor, releaseNamed, withStore } from './opening.js';

interface ExportFlags extends BenchFlags {
  readonly format: ExportFormat;
  readonly out: string;
}

const options: OptionTable<ExportFlags> = {
  format: {
    kind: choice(['safetensors', 'pytorch', 'torchscript', 'patch']),
    default: 'safetensors',
    description:
      'the whole model as safetensors, a state dict for torch.load or a program for torch.jit.load; or a patch for --patch',
  },
  out: { kind: path('file'), required: true, description: 'where it goes' },
  ...benchOptions,
};

export const exportCommand: ReturnType<typeof defineCommand> = defineCommand<ExportFlags>({
  name: 'export',
  summary: 'Write a release as a file: safetensors, a PyTorch state dict, or a patch.',
  arguments: [
    storeArgument,
    { name: 'release', description: 'a release, "active" or "base" (default: active)', optional: true },
  ],
  options,
  examples: [
    'store export STORE --out model.safetensors',
    'store export STORE 81c0f3ab --format pytorch --out model.pt',
  ],
  run: ([folder, name = 'active'], flags, console) =>
    withStore(folder, async (store) => {
      const { format, out } = flags;
      if (!existsSync(dirname(out)))
        throw new UsageError(`--out: expected a file in a folder that exists, received "${out}".`);
      const { exportRelease, short } = await import('@editable/workspace');
      const id = releaseNamed(store, name);
      const bench = await openBenchFor(store, flags, console, baseOf(store, id));
      const exported = exportRelease(bench, { id, format, path: out });
      console.print(
        `${id === null ? 'the base' : short(id)} as ${format}: ${out} (${fileSize(out)}, ${exported.tensors} tensors)`,
      );
      console.result({ store: folder, ...exported });
      return exitCodes.done;
    }),
});
