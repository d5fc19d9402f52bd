/** `editable check`: whether a release may be served; for continuous integration, too. */
import type { Budget, CheckReport } from '@editable/workspace';
import { defineCommand, exitCodes } from '../command.js';
import { shown } from '../console/job-display.js';
import { number, path, text } from '../options/kinds.js';
import { type TestImagesFlags, testImagesOptions } from '../options/shared.js';
import {
  type BenchFlags,
  type BudgetFlags,
  benchOptions,
  budgetOptions,
  type PersonFlags,
  personOptions,
  storeArgument,
} from '../options/store.js';
import type { OptionTable } from '../options/table.js';
import { baseOf, openBenchFor, releaseNamed, withStore } from './store/opening.js';

interface CheckFlags extends TestImagesFlags, BudgetFlags, BenchFlags, PersonFlags {
  readonly release: string;
  readonly generality: number | undefined;
  readonly junit: string | undefined;
  readonly markdown: string | undefined;
}

const options: OptionTable<CheckFlags> = {
  release: {
    kind: text('release', 'a release, "active" or "base"'),
    default: 'active',
    description: 'what is to be served: a release by the beginning of its name, "active" or "base"',
  },
  ...budgetOptions,
  generality: {
    kind: number({ min: 0, max: 1 }),
    description:
      "least share of each repair's unseen views that must follow (default: as when released, less one view)",
  },
  junit: { kind: path('file'), description: 'write the report as JUnit XML' },
  markdown: { kind: path('file'), description: 'write the report as Markdown, for a comment on a pull request' },
  ...testImagesOptions,
  ...personOptions,
  ...benchOptions,
};

export const checkCommand: ReturnType<typeof defineCommand> = defineCommand<CheckFlags>({
  name: 'check',
  summary:
    'Re-test every repair of a release and hold its cost against a budget. Exits with 1 if it may not be served; the log keeps what was found.',
  arguments: [storeArgument],
  options,
  examples: ['check STORE', 'check STORE --release 81c0f3ab --drawdown 0.002 --junit check.xml --markdown check.md'],
  run: ([folder], flags, console) =>
    withStore(folder, async (store) => {
      const { checkRelease, recordCheck } = await import('@editable/workspace');
      const { describeCheck } = await import('../report/check-text.js');
      const id = releaseNamed(store, flags.release);
      const base = baseOf(store, id);
      const { drawdown, negativeFlips, generality, testImages } = flags;
      const budget: Budget = { drawdown, negativeFlips, generality };
      const open = () => openBenchFor(store, flags, console, base);
      const report = await shown(console, (job) =>
        checkRelease(open, { id, base: base.base, budget, testImages }, job),
      );
      recordCheck(store, report, flags);
      await writeReports(report, flags);
      console.print(describeCheck(report));
      console.result({ store: folder, ...report });
      return report.passed ? exitCodes.done : exitCodes.failed;
    }),
});

async function writeReports(report: CheckReport, { junit: xml, markdown: md }: CheckFlags): Promise<void> {
  const { junit, markdown } = await import('../report/check-text.js');
  const { writeFileAtomically } = await import('@editable/torch');
  if (xml !== undefined) writeFileAtomically(xml, junit(report));
  if (md !== undefined) writeFileAtomically(md, markdown(report));
}
