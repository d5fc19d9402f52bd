/** Several processes that train together end where one does. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { groupBackends } from '@editable/torch';
import { stream, type TrainingSettings, type TranslationTraining } from 'editable';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distance, type Outcome } from './outcomes.js';
import { compileProgram, environments, type Program, start, together } from './processes.js';

let program: Program;
let runs = 0;
beforeAll(async () => {
  program = await compileProgram('train');
});
afterAll(() => program?.remove());

const newName = (): string => `run-${runs++}`;

const newFolder = (): string => {
  const folder = join(program.folder, newName());
  mkdirSync(folder);
  return folder;
};

interface Plan {
  readonly network?: 'perceptron' | 'resnet' | 'transformer';
  readonly settings?: Partial<TrainingSettings> & Partial<TranslationTraining>;
  readonly steps?: number;
  readonly float32?: boolean;
  readonly folder?: string;
  readonly breakAt?: number;
  readonly pause?: number;
}

const whole = (plan: Plan): Plan => ({
  network: 'perceptron',
  settings: { objective: 'plain' },
  steps: 8,
  folder: newFolder(),
  ...plan,
});

/** What each process makes of each plan, one after another: by rank, then by plan. */
async function trained(size: number, plans: readonly Plan[]): Promise<Outcome[][]> {
  const words = [JSON.stringify(plans.map(whole))];
  const ended =
    size > 1
      ? await together(program, size, words)
      : [await start(process.execPath, [program.file, ...words], {}).ended];
  expect(ended.map(({ status, stderr }) => ({ status, stderr }))).toEqual(ended.map(() => ({ status: 0, stderr: '' })));
  return ended.map(({ stdout }) => JSON.parse(stdout) as Outcome[]);
}

const editable = { objective: 'editable', editsPerStep: 4 } as const;
const layers = (name: 'gd' | 'rmsprop', layer: string) => ({
  editor: {
    name,
    hyperparameters: name === 'gd' ? { learningRate: 0.1 } : { learningRate: 0.02, beta: 0.5, epsilon: 1e-2 },
    layers: layer,
    maxSteps: 3,
  },
});

const four = { ...editable, ...layers('gd', '3') };
const local: Plan = { network: 'resnet', settings: { ...editable, ...layers('gd', 'layer4') }, steps: 3 };

/** Named by how they train. */
const plans: Readonly<Record<string, Plan>> = {
  plainly: {},
  'with four edits a step': { settings: four },
  'with one edit everywhere': { settings: { ...editable, editsPerStep: 1, ...layers('rmsprop', '3') } },
  'with bounded edits': { settings: { ...four, clipEditNorm: 0.01 } },
  'with four edits a step in float32': { settings: four, float32: true },
  'with checkpointed steps': { settings: { ...four, checkpointSteps: true } },
  'with BatchNorm over the whole batch': { ...local, settings: { ...local.settings, syncBatchNorm: true } },
  'on sentences': { network: 'transformer' },
  'on sentences, with four edits a step': {
    network: 'transformer',
    settings: { ...editable, editNormalization: 'tokens', ...layers('rmsprop', 'decoder.layers.0') },
  },
  'on sentences, with one bounded edit everywhere': {
    network: 'transformer',
    settings: { ...editable, editsPerStep: 1, clipEditNorm: 0.1, ...layers('gd', 'decoder.layers.0') },
  },
};

describe.skipIf(!groupBackends().includes('gloo'))('training in several processes', () => {
  const begun = { four: newName(), again: newName() };
  let results: Record<1 | 2 | 4, Outcome[][]>;
  beforeAll(async () => {
    const all = Object.values(plans);
    const part = (folder: string, steps: number): Plan => ({
      settings: four,
      folder: join(program.folder, folder),
      steps,
    });
    for (const folder of Object.values(begun)) mkdirSync(join(program.folder, folder));
    const [alone, by4] = await Promise.all([
      trained(1, all),
      trained(4, [...all, part(begun.four, 3), part(begun.again, 3), part(begun.again, 8)]),
    ]);
    results = { 1: alone, 2: await trained(2, [...all, part(begun.four, 8), local]), 4: by4 };
  });

  it.each(Object.keys(plans))('ends at the parameters of one process, %s', (name) => {
    const at = Object.keys(plans).indexOf(name);
    // docs/distributed.md states both.
    const [bound, digits] = plans[name]?.float32 === true ? [1e-5, 4] : [1e-10, 9];
    const alone = results[1][0]?.[at] as Outcome;
    for (const size of [2, 4] as const) {
      const first = results[size][0]?.[at] as Outcome;
      for (const rank of results[size]) {
        expect(distance(alone, rank[at] as Outcome)).toBeLessThan(bound);
        expect(rank[at]?.values).toEqual(first.values); // to the bit
      }
      for (const term of ['loss', 'locality', 'editorSteps', 'gradientNorm'])
        expect(first.last[term]).toBeCloseTo(alone.last[term] as number, digits);
      expect(first.last.accuracy).toBeCloseTo(alone.last.accuracy as number, 6); // float32
    }
  });

  it('goes on with another number of processes to the same end, and with the same number to the same bits', () => {
    const uninterrupted = results[4][0]?.[1] as Outcome;
    const { length } = Object.keys(plans);
    expect(distance(uninterrupted, results[2][0]?.[length] as Outcome)).toBeLessThan(1e-10);
    expect(results[4][0]?.[length + 2]?.values).toEqual(uninterrupted.values);
  });

  it('gives equal bits when the same command runs twice; running statistics are of rank 0, as in PyTorch', async () => {
    const own = results[2].map((rank) => (rank.at(-1) as Outcome).values);
    const [again] = await trained(2, [local]);
    expect(again?.[0]?.values).toEqual(own[0]);
    const parametersOf = (values: Outcome['values'] | undefined) =>
      values?.filter(([name]) => !name.includes('running'));
    expect(parametersOf(own[1])).toEqual(parametersOf(own[0]));
    expect(own[1]).not.toEqual(own[0]);
  });

  it('writes by rank 0 alone, each line once', () => {
    const folder = join(program.folder, begun.again);
    expect(readdirSync(folder).sort()).toEqual(['checkpoint.safetensors', 'metrics.jsonl']);
    expect(readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n')).toHaveLength(8);
  });

  it('ends everywhere with one sentence when one process diverges', async () => {
    const ended = await together(program, 3, [JSON.stringify([whole({ breakAt: 2 })])]);
    expect(ended.map(({ status }) => status)).toEqual([1, 1, 1]);
    expect(ended[1]?.stderr).toBe('training diverged: the loss is NaN\n');
    for (const rank of [0, 2])
      expect(ended[rank]?.stderr).toMatch(/^rank 1 \(.+, process \d+\) ended: training diverged: the loss is NaN\n$/);
  });

  // EDITABLE_KILLS=10 kills at ten moments.
  it.each(moments(Number(process.env.EDITABLE_KILLS ?? 2)))(
    'ends everywhere with a sentence when rank $victim of 4 is killed after $wait ms, and goes on with $next to the same end',
    async ({ victim, wait, next }) => {
      const folder = newFolder();
      const plan = { settings: four, steps: 10_000, pause: 20, folder };
      const metrics = join(folder, 'metrics.jsonl');
      const places = await environments(4);
      const words = [program.file, JSON.stringify([whole(plan)])];
      const environment = { EDITABLE_GROUP_LOST_AFTER: '4', EDITABLE_GROUP_TIMEOUT: '20' };
      const started = places.map((place) => start(process.execPath, words, { ...place, ...environment }));
      await sleep(wait);
      started[victim]?.child.kill('SIGKILL');
      const killed = performance.now();
      const ended = await Promise.all(started.map(({ ended: end }) => end));
      expect(performance.now() - killed).toBeLessThan(40_000);
      for (const [rank, { status, stderr }] of ended.entries()) {
        if (rank === victim) continue;
        expect(status).toBe(1);
        expect(stderr).toMatch(sentenceAbout(victim, started[victim]?.child.pid));
      }
      const again = { ...plan, steps: linesOf(metrics) + 4, pause: 0 };
      const [[continued, uninterrupted] = []] = await trained(next, [again, { ...again, folder: newFolder() }]);
      const [[byOne] = []] = await trained(1, [{ ...again, folder: newFolder() }]);
      if (next === 4) expect(continued?.values).toEqual(uninterrupted?.values);
      expect(distance(continued as Outcome, byOne as Outcome)).toBeLessThan(1e-10);
    },
  );
});

/** Random, and the same in each call: before the processes have met, while they train, while one writes. */
function moments(count: number): { victim: number; wait: number; next: 1 | 2 | 4 }[] {
  const random = stream(12, 'kills');
  return Array.from({ length: count }, () => ({
    victim: random.int(4),
    wait: Math.round(random.uniform(0, 12_000)),
    next: ([1, 2, 4] as const)[random.int(3)] as 1 | 2 | 4,
  }));
}

/** One sentence, whenever it was killed: before it came, while they met, or later. */
function sentenceAbout(victim: number, pid: number | undefined): RegExp {
  const named = `rank ${victim} \\(.+, process ${pid}\\).* is lost.*`;
  const absent = `ranks? ([0-3], )*${victim}(, [0-3])* did not join within .*`;
  const nobody = '.*found nobody at .*, where rank 0 should be;.*|rank 0 \\(.+\\) is lost, and with it the store.*';
  return new RegExp(`^(${named}|${absent}${victim === 0 ? `|${nobody}` : ''})\\n$`);
}

function linesOf(file: string): number {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
}
