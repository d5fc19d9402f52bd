/** `npm run experiment -- NAME`: one table or figure at one scale. Progress goes to stderr, the result to stdout. */
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { TextError } from '@editable/text';
import { cudaIsAvailable, type Device, TorchError } from '@editable/torch';
import { EditableError, loadDataset, makeRunFolder, type Share } from 'editable';
import { editSequences } from './edit-sequences/experiment.js';
import { figure2 } from './figure-2/experiment.js';
import { figure5 } from './figure-5/experiment.js';
import { localityGenerality } from './locality-generality/experiment.js';
import { naturalGradient } from './natural-gradient/experiment.js';
import { sampledDrawdown } from './sampled-drawdown/experiment.js';
import { imageBench } from './shared/bench.js';
import type { Experiment, ScaleFamily } from './shared/experiment.js';
import { ExperimentError } from './shared/experiment-error.js';
import { duration } from './shared/numbers.js';
import { photographSet } from './shared/photograph-set.js';
import { type ExperimentResult, type RunOptions, runExperiment } from './shared/run-experiment.js';
import { scales } from './shared/scales.js';
import type { Session } from './shared/session.js';
import { gatherShards, openShard, shareNamed } from './shared/shards.js';
import type { Workshop } from './shared/workshop.js';
import { table1 } from './table-1/experiment.js';
import { table2 } from './table-2/experiment.js';
import { table3 } from './table-3/experiment.js';
import { table4 } from './table-4/experiment.js';
import { table5 } from './table-5/experiment.js';
import { table6 } from './table-6/experiment.js';
import { translationScales } from './table-6/translation-scale.js';
import { openTranslationSession, translationBench } from './table-6/translation-session.js';

// biome-ignore lint/suspicious/noExplicitAny: each experiment has rows of its own, which only it reads
const experiments: readonly Experiment<any>[] = [
  table1,
  table2,
  table3,
  table4,
  table5,
  figure2,
  figure5,
  editSequences,
  sampledDrawdown,
  localityGenerality,
  naturalGradient,
];

const usage = `Usage: npm run experiment -- NAME [--scale SCALE] [options]

NAME   ${[...experiments, table6].map(({ name }) => name).join(', ')}
SCALE  ${Object.keys(scales).join(', ')} (default: small); tables 4 and 5 and figure 5: small, paper, paper-densenet169; table-6: ${Object.keys(translationScales).join(', ')}

  --rows a,b       measure these rows only
  --shard 3/16     measure this share of the rows only, and keep them in the work folder for a call without it, which
                   writes the results (default: under torchrun and srun the process's share)
  --data-dir DIR   where the data set lies (default: EDITABLE_DATA, else its usual place); for table-6 beside multi30k
  --weights DIR    where published checkpoints lie (default: EDITABLE_DATA, else ../shared/data beside the clone)
  --work DIR       runs, trials and records, found again the next time (default: runs/experiments)
  --out DIR        experiments' folders, which take results and READMEs (default: experiments)
  --device DEVICE  cpu or cuda (default: cpu)
  --seed N         default: 0
  --exact          judge drawdown on all test images or sentences, whatever the scale says`;

/** Where torchvision keeps the weights that it has downloaded. */
const torchHub = join(process.env.TORCH_HOME ?? join(homedir(), '.cache/torch'), 'hub/checkpoints');

/** Where text goes: the process's streams, or a test's. */
export interface Output {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** Returns the exit status. `home`: the folder of experiments. */
export async function main(args: readonly string[], home: string, output: Output = process): Promise<number> {
  const started = performance.now();
  const say = (text: string): void => {
    output.stderr.write(`[${duration((performance.now() - started) / 1000)}] ${text}\n`);
  };
  try {
    const flags = readFlags(args);
    if (flags.help) {
      output.stdout.write(`${usage}\n`);
      return 0;
    }
    const { file, text, title } = await run(flags, home, say);
    output.stdout.write(`${title}, scale ${flags.scale}\n\n${text}\n\n${file}\n`);
    return 0;
  } catch (error) {
    if (!isExpected(error)) throw error;
    output.stderr.write(`experiment: ${(error as Error).message}\n`);
    return 1;
  }
}

interface Flags {
  readonly experiment: string;
  readonly scale: string;
  readonly rows: readonly string[] | null;
  readonly share: Share | undefined;
  readonly dataDir: string | undefined;
  readonly weights?: string | undefined;
  readonly work: string;
  readonly out?: string | undefined;
  readonly device: Device;
  readonly seed: number;
  readonly exact: boolean;
  readonly help: boolean;
}

type Said = ExperimentResult & { readonly title: string };

function run(flags: Flags, home: string, say: (text: string) => void): Promise<Said> {
  if (flags.device !== 'cpu' && !cudaIsAvailable())
    throw new ExperimentError(`--device: this libtorch finds no GPU here, received "${flags.device}".`);
  const published = [flags.weights, process.env.EDITABLE_DATA, resolve(home, '../../shared/data'), torchHub].filter(
    (folder) => folder !== undefined && folder !== '',
  ) as string[];
  const places = { published, home, say };
  return flags.experiment === table6.name ? runOnSentences(flags, places) : runOnImages(flags, places);
}

interface Places {
  readonly published: readonly string[];
  readonly home: string;
  readonly say: (text: string) => void;
}

async function runOnImages(flags: Flags, { published, home, say }: Places): Promise<Said> {
  const experiment = experiments.find(({ name }) => name === flags.experiment);
  if (experiment === undefined) throw new ExperimentError(`there is no experiment "${flags.experiment}".\n${usage}`);
  const family: ScaleFamily = experiment.scales ?? { name: '', scales };
  const scale = chosen(experiment.name, family.scales, flags);
  const session: Session = {
    ...workshop(flags, scale, family.name, say),
    dataset:
      typeof scale.dataset === 'string'
        ? await loadDataset(scale.dataset, { dataDir: flags.dataDir })
        : await photographSet(scale.dataset, folders(flags, published), say),
    weights: published,
    exact: flags.exact,
  };
  makeRunFolder(session.work);
  const result = await runExperiment(experiment, session, imageBench, optionsOf(flags, home, session));
  return { ...result, title: experiment.title };
}

async function runOnSentences(flags: Flags, { published, home, say }: Places): Promise<Said> {
  const scale = chosen(table6.name, translationScales, flags);
  const shared = { ...workshop(flags, scale, 'translation', say), exact: flags.exact };
  makeRunFolder(shared.work);
  const session = openTranslationSession(shared, folders(flags, published), rootOf(flags, shared));
  const result = await runExperiment(table6, session, translationBench, optionsOf(flags, home, session));
  return { ...result, title: table6.title };
}

const folders = ({ dataDir }: Flags, published: readonly string[]): readonly string[] =>
  dataDir === undefined ? published : [dataDir, ...published];

function workshop<Scale extends { readonly name: string }>(
  { device, seed, work, share }: Flags,
  scale: Scale,
  family: string,
  say: Places['say'],
): Workshop & { readonly scale: Scale } {
  const folder = join(work, [scale.name, family].filter((part) => part !== '').join('-'));
  return { scale, device, seed, work: share === undefined ? folder : openShard(folder, share), say };
}

/** The work folder of all shards. */
const rootOf = ({ share }: Flags, { work }: Workshop): string => (share === undefined ? work : dirname(work));

const optionsOf = ({ rows, share, ...flags }: Flags, home: string, { work }: Workshop): RunOptions => ({
  rows,
  out: flags.out ?? home,
  home,
  ...(share === undefined ? { shards: gatherShards(work) } : { share }),
});

/** @throws ExperimentError where the experiment has no such scale */
function chosen<Scale>(
  experiment: string,
  there: Readonly<Record<string, Scale | undefined>>,
  { scale }: Flags,
): Scale {
  const found = Object.hasOwn(there, scale) ? there[scale] : undefined;
  if (found !== undefined) return found;
  throw new ExperimentError(
    `--scale: ${experiment} has the scales ${Object.keys(there).join(', ')}, received "${scale}".`,
  );
}

function readFlags(args: readonly string[]): Flags {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      scale: { type: 'string', default: 'small' },
      rows: { type: 'string' },
      shard: { type: 'string' },
      'data-dir': { type: 'string' },
      weights: { type: 'string' },
      work: { type: 'string', default: 'runs/experiments' },
      out: { type: 'string' },
      device: { type: 'string', default: 'cpu' },
      seed: { type: 'string', default: '0' },
      exact: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { scale, rows, shard, seed, device, 'data-dir': dataDir, ...rest } = values;
  if (!/^\d{1,9}$/.test(seed)) throw new ExperimentError(`--seed: expected a whole number, received "${seed}".`);
  return {
    ...rest,
    experiment: positionals[0] ?? '',
    scale,
    rows: rows === undefined ? null : rows.split(','),
    share: shareNamed(shard),
    seed: Number(seed),
    device: device as Device,
    dataDir,
  };
}

/** Errors that are messages to the person who called, parseArgs' own among them. */
const isExpected = (error: unknown): boolean =>
  error instanceof ExperimentError ||
  error instanceof EditableError ||
  error instanceof TorchError ||
  error instanceof TextError ||
  (error instanceof TypeError && (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') === true);
