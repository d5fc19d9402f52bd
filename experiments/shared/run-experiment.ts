/** Runs an experiment's rows, those measured before left as they are, and writes results, README and figures. */
import { join } from 'node:path';
import { rangeOf, type Share } from 'editable';
import type { Bench } from './bench.js';
import { circumstances } from './circumstances.js';
import { shortDigest } from './digest.js';
import type { Experiment, NamedRow, RowPlan } from './experiment.js';
import { ExperimentError } from './experiment-error.js';
import { Kept } from './kept.js';
import { duration } from './numbers.js';
import { writeReadmeBlock } from './readme.js';
import { type ResultFile, readResultRows, writeResult } from './result-file.js';
import { claimsList, resultsTable } from './results-table.js';
import type { SpentTime } from './spent-time.js';
import type { Workshop } from './workshop.js';

export interface RunOptions {
  /** Rows to measure; null: all. Others that were measured before, here or as the result file has them, stay in the results. */
  readonly rows: readonly string[] | null;
  /** Folder of experiments; results go into one of the experiment's name. */
  readonly out: string;
  /** A folder of the clone that runs. */
  readonly home: string;
  /** Measure only this share of the rows, and write no results: the rows are kept for a call without it. */
  readonly share?: Share | undefined;
  /** Work folders of shards, whose rows are taken as they are. */
  readonly shards?: readonly string[] | undefined;
}

/** What is kept of a row: equal setups have it in common, whatever they are called. */
interface Measured<Row> {
  readonly row: Row;
  readonly commit: string;
  readonly seconds: number;
}

export interface ExperimentResult {
  readonly file: string;
  /** For people: the table and the claims. */
  readonly text: string;
  readonly measured: number;
}

export async function runExperiment<Row, Work extends Workshop>(
  experiment: Experiment<Row, Work>,
  session: Work,
  bench: Bench<Work>,
  { rows: wanted, out, home, share, shards }: RunOptions,
): Promise<ExperimentResult> {
  if (share !== undefined) return measureShare(experiment, session, bench, { rows: wanted, out, home, share });
  const plans = experiment.plans(session.scale);
  checkNames(experiment.name, wanted, plans);
  const facts = circumstances(home, session.device);
  const kept = new Kept<Measured<Row>>(session.work, shards);
  const model = await bench.model(session);
  const folder = join(out, experiment.name);
  const before = readResultRows<Row>(folder, session.scale.name);
  const rows: NamedRow<Row>[] = [];
  let measured = 0;
  for (const plan of plans) {
    const key = keyOf(plan, session, bench, model);
    const name = { name: plan.name, key: shortDigest(key) };
    let found = kept.get(key);
    if (found === undefined && wanted !== null && !wanted.includes(plan.name)) {
      const written = before.find((row) => row.name === name.name && row.key === name.key);
      if (written !== undefined) rows.push({ ...written, paper: plan.paper });
      continue;
    }
    if (found === undefined) {
      using clock = kept.clock(key);
      found = await measure(session, plan, { commit: facts.commit, clock });
      kept.set(key, found);
      clock.finish();
      measured += 1;
    }
    const { row, commit, seconds } = found;
    rows.push({ ...name, ...row, paper: plan.paper, commit, seconds });
  }
  const data = bench.data(session, experiment);
  const result = resultOf(experiment, session, { rows, facts, data });
  const file = writeResult(folder, result);
  await drawFigures(experiment, session, { rows, folder: join(folder, 'results'), classes: bench.classes(session) });
  const text = describe(experiment, result, bench.judged(session, experiment));
  if (writeReadmeBlock(join(folder, 'README.md'), session.scale.name, text)) session.say('README.md written');
  return { file, text, measured };
}

/** Measures a share of the rows and keeps them. */
async function measureShare<Row, Work extends Workshop>(
  experiment: Experiment<Row, Work>,
  session: Work,
  bench: Bench<Work>,
  { rows: wanted, home, share }: RunOptions & { readonly share: Share },
): Promise<ExperimentResult> {
  const plans = experiment.plans(session.scale);
  checkNames(experiment.name, wanted, plans);
  const asked = plans.filter(({ name }) => wanted?.includes(name) ?? true);
  const own = asked.slice(...rangeOf(asked.length, share));
  const { commit } = circumstances(home, session.device);
  const kept = new Kept<Measured<Row>>(session.work);
  const model = own.length === 0 ? '' : await bench.model(session);
  let measured = 0;
  for (const plan of own) {
    const key = keyOf(plan, session, bench, model);
    if (kept.get(key) !== undefined) continue;
    using clock = kept.clock(key);
    kept.set(key, await measure(session, plan, { commit, clock }));
    clock.finish();
    measured += 1;
  }
  const names = own.map(({ name }) => name).join(', ');
  const text = `Shard ${share.rank}/${share.size}: ${names === '' ? 'no row is left for it' : `${names}: kept`}. When all shards are there, the same command without --shard writes the results.`;
  return { file: session.work, text, measured };
}

/** All that a row depends on. */
const keyOf = <Row, Work extends Workshop>(
  { setup }: RowPlan<Row, Work>,
  session: Work,
  bench: Bench<Work>,
  model: string,
): object => ({
  version: 1,
  setup,
  model,
  ...bench.rules(session),
  seed: session.seed,
  device: session.device,
});

async function measure<Row, Work extends Workshop>(
  session: Work,
  plan: RowPlan<Row, Work>,
  { commit, clock }: { readonly commit: string; readonly clock: SpentTime },
): Promise<Measured<Row>> {
  session.say(`row ${plan.name}`);
  const row = await plan.measure(session);
  const { seconds } = clock;
  session.say(`  took ${duration(seconds)}`);
  return { row, commit, seconds };
}

const resultOf = <Row, Work extends Workshop>(
  { name }: Experiment<Row, Work>,
  { scale, seed }: Work,
  { rows, facts, data }: Pick<ResultFile<Row>, 'rows' | 'data'> & { readonly facts: ReturnType<typeof circumstances> },
): ResultFile<Row> => ({
  experiment: name,
  scale: scale.name,
  ...facts,
  seed,
  data,
  seconds: rows.reduce((sum, { seconds }) => sum + seconds, 0),
  rows,
});

async function drawFigures<Row, Work extends Workshop>(
  { figures }: Experiment<Row, Work>,
  { scale, say }: Work,
  {
    rows,
    ...options
  }: { readonly rows: readonly NamedRow<Row>[]; readonly folder: string; readonly classes: readonly string[] },
): Promise<void> {
  if (figures === undefined || rows.length === 0) return;
  for (const file of await figures(rows, { ...options, prefix: scale.name })) say(`drew ${file}`);
}

function describe<Row, Work extends Workshop>(
  { columns, claims }: Experiment<Row, Work>,
  result: ResultFile<Row>,
  judged: string,
): string {
  const { rows, machine, commit, seconds, seed } = result;
  const { processor, threads, device, libtorch } = machine;
  const place = device === 'cpu' ? `${processor}, ${threads} ${threads === 1 ? 'thread' : 'threads'}` : device;
  const made = `Measured in ${duration(seconds)} on ${place}, libtorch ${libtorch}; ${judged}, seed ${seed}, commit ${commit.slice(0, 12)}${commit.slice(40)}.`;
  const parts = [resultsTable(columns, rows), made, claimsList(claims, rows)];
  return parts.filter((part) => part !== '').join('\n\n');
}

function checkNames(
  experiment: string,
  wanted: readonly string[] | null,
  plans: readonly { readonly name: string }[],
): void {
  const names = plans.map(({ name }) => name);
  const unknown = wanted?.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new ExperimentError(`--rows: ${experiment} has no row "${unknown}"; it has ${names.join(', ')}.`);
}
