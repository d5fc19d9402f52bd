/** The whole path at the tiny scale: rows measured, kept, written as results, README and figures. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from './main.js';

const home = fileURLToPath(new URL('.', import.meta.url));
const hasData = existsSync('/usr/share/datasets/fashion-mnist') || process.env.EDITABLE_DATA !== undefined;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'experiments-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(name: string, ...more: readonly string[]) {
  const texts = { stdout: '', stderr: '' };
  const into = (stream: keyof typeof texts) => ({ write: (text: string) => (texts[stream] += text) });
  const args = [name, '--scale', 'tiny', '--work', join(folder, 'work'), '--out', join(folder, 'out'), ...more];
  const status = await main(args, home, { stdout: into('stdout'), stderr: into('stderr') });
  return { status, ...texts };
}

const result = (name: string) => JSON.parse(readFileSync(join(folder, 'out', name, 'results/tiny.json'), 'utf8'));

/** A copy of the experiment's README whose block is of the tiny scale. */
function copyReadme(name: string): string {
  const path = join(folder, 'out', name, 'README.md');
  mkdirSync(join(folder, 'out', name), { recursive: true });
  copyFileSync(join(home, name, 'README.md'), path);
  writeFileSync(path, readFileSync(path, 'utf8').replace('<!-- results:small -->', '<!-- results:tiny -->'));
  return path;
}

describe('npm run experiment -- table-6', () => {
  it('measures edits of a translation model, plain and with Editable Training, and repairs in a row', async () => {
    const readme = copyReadme('table-6');
    const { status, stdout, stderr } = await run('table-6');
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    const { rows, ...facts } = result('table-6');
    expect(facts).toMatchObject({
      experiment: 'table-6',
      scale: 'tiny',
      data: { trainPairs: 1200, testSentences: 60 },
    });
    const names = ['plain', 'editable-1e-3'].flatMap((name) => [`${name}-rmsprop`, `${name}-natural`]);
    expect(rows.map(({ name }: { name: string }) => name)).toEqual([
      ...names,
      ...[
        'lookup-table',
        'plain-natural-settled',
        'plain-natural-decoder',
        'plain-natural-in-a-row',
        'plain-natural-settled-in-a-row',
      ],
    ]);
    for (const row of rows.slice(0, 4)) {
      expect(row).toMatchObject({ edits: 3, samplingError: 0, layers: 'decoder.layers.1', inARow: null });
      const [low, high] = row.bleuDrawdownInterval;
      expect(low).toBeLessThanOrEqual(row.bleuDrawdown);
      expect(high).toBeGreaterThanOrEqual(row.bleuDrawdown);
    }
    const named = (name: string) => rows.find((row: { name: string }) => row.name === name);
    expect(named('lookup-table')).toMatchObject({ editor: 'lookup-table', edits: 3, successRate: 1, bestRate: 1 });
    expect(named('plain-natural-settled')).toMatchObject({ editor: 'natural', layers: 'decoder.layers.1', edits: 3 });
    expect(named('plain-natural-decoder')).toMatchObject({ editor: 'natural', layers: 'decoder.layers', edits: 3 });
    const inARow = { edits: 2, inARow: 2, successRate: 1, bleuDrawdownInterval: null };
    expect(named('plain-natural-in-a-row')).toMatchObject({ ...inARow, layers: 'decoder.layers' });
    expect(named('plain-natural-settled-in-a-row')).toMatchObject({ ...inARow, layers: 'decoder.layers.1' });
    expect(stdout).toMatch(/\| plain-natural-in-a-row +\|/);
    expect(readFileSync(readme, 'utf8')).toMatch(/\| plain-rmsprop +\|/);
    const again = await run('table-6', '--rows', 'plain-rmsprop');
    expect(again.stderr).not.toMatch(/\] row /);
    expect(result('table-6').rows).toEqual(rows);
  });

  it('measures a share of the rows as one process does, for a later call to write', async () => {
    const before = result('table-6').rows;
    const asked = ['--rows', 'plain-rmsprop,plain-natural'];
    const first = await run('table-6', ...asked, '--shard', '0/2');
    expect({ status: first.status, stderr: first.status === 0 ? '' : first.stderr }).toEqual({ status: 0, stderr: '' });
    expect(first.stdout).toMatch(/Shard 0\/2: plain-rmsprop: kept/);
    expect(result('table-6').rows).toEqual(before);
    await run('table-6', ...asked, '--shard', '1/2');
    rmSync(join(folder, 'work/tiny-translation/rows'), { recursive: true });
    const merged = await run('table-6', ...asked);
    expect(merged.stderr).not.toMatch(/\] row |training/);
    const untimed = ({ seconds: _, secondsPerEdit: __, commit: ___, ...row }: Record<string, unknown>): object => row;
    const names = ['plain-rmsprop', 'plain-natural'];
    const rows = (all: Record<string, unknown>[]): object[] =>
      all.filter(({ name }) => names.includes(name as string)).map(untimed);
    expect(rows(result('table-6').rows)).toEqual(rows(before));
    expect((await run('table-6', '--shard', '2/2')).stderr).toMatch(
      /--shard: expected a shard and how many there are, 0\/4 to 3\/4, received "2\/2"\.\n$/,
    );
  });

  it('says which scales there are, and where it looked for its text', async () => {
    expect((await run('table-6', '--scale', 'medium')).stderr).toMatch(
      /--scale: table-6 has the scales tiny, small, iwslt-27, paper, received "medium"\.\n$/,
    );
    const { status, stderr } = await run('table-6', '--scale', 'paper', '--data-dir', folder);
    expect(status).toBe(1);
    expect(stderr).toMatch(/--data-dir: expected a folder with iwslt14-de-en\/whole, which holds train\.de/);
  });
});

describe.skipIf(!hasData)('npm run experiment', () => {
  it('measures the rows asked for and writes them as results and into the README', async () => {
    const readme = copyReadme('table-1');
    const before = readFileSync(readme, 'utf8');
    const { status, stdout, stderr } = await run('table-1', '--rows', 'gd,rmsprop,card');
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    const { rows, ...facts } = result('table-1');
    expect(facts).toMatchObject({
      experiment: 'table-1',
      scale: 'tiny',
      commit: expect.stringMatching(/^([0-9a-f]{40}( with changes)?|unknown)$/),
      seed: 0,
      data: { dataset: 'fashion-mnist', testImages: 300 },
      machine: { device: 'cpu', threads: expect.any(Number) },
      seconds: expect.any(Number),
    });
    expect(rows.map(({ name }: { name: string }) => name)).toEqual(['gd', 'rmsprop', 'card']);
    expect(rows[2]).toMatchObject({ training: 'plain', tunedOn: { minimumSuccess: 1, images: expect.any(Number) } });
    expect(rows[1]).toMatchObject({
      training: 'plain',
      editor: 'rmsprop',
      hyperparameters: { learningRate: expect.any(Number), beta: expect.any(Number) },
      layers: expect.stringMatching(/^(layer3|all)$/),
      edits: 5,
      testImages: 300,
      samplingError: 0,
      tunedOn: { edits: 4, images: 100, minimumSuccess: 1, drawdown: expect.any(Number) },
      paper: { drawdown: 0.0177, successRate: 1, meanSteps: 3.11 },
    });
    expect(rows[1].tunedOn.subsets.map(({ layers }: { layers: string }) => layers).sort()).toEqual(['all', 'layer3']);
    expect(rows[1].testError).toBeGreaterThan(0);
    expect(rows[1].testError).toBeLessThan(0.9);
    expect(rows[1].drawdownInterval[0]).toBeLessThanOrEqual(rows[1].drawdown);
    expect(rows[1].drawdownAbsolute).toBeGreaterThanOrEqual(Math.abs(rows[1].drawdown));
    expect(rows[1].secondsPerEdit).toBeGreaterThan(0);
    expect(rows[1].editBytes).toBeGreaterThan(0);
    const [head] = before.split('<!-- results:tiny -->');
    const written = readFileSync(readme, 'utf8');
    expect(written.startsWith(`${head}<!-- results:tiny -->`)).toBe(true);
    expect(written.slice(written.indexOf('<!-- /results -->'))).toBe(before.slice(before.indexOf('<!-- /results -->')));
    expect(written).toMatch(/\| rmsprop +\|/);
    expect(written).toMatch(/\*\*Not measured\.\*\*/);
    expect(stdout).toMatch(/\| rmsprop +\|/);
  });

  it('measures nothing again, and keeps the rows that are not asked for', async () => {
    const before = result('table-1');
    const { status, stderr } = await run('table-1', '--rows', 'gd');
    expect(status).toBe(0);
    expect(stderr).not.toMatch(/\] row /);
    expect(result('table-1').rows).toEqual(before.rows);
  });

  it('has rows of equal setups in common between experiments', async () => {
    await run('table-2', '--rows', 'rmsprop-layer3');
    const { stderr } = await run('table-3', '--rows', 'plain-rmsprop,editable-1,cnp,lookup-table,retraining,rehearsal');
    expect(stderr).not.toMatch(/\] row plain-rmsprop/);
    expect(stderr).toMatch(/\] row editable-1/);
    const { rows } = result('table-3');
    // The card's row is that of table 1, measured above.
    const names = ['plain-rmsprop', 'plain-card', 'editable-1', 'cnp', 'lookup-table', 'retraining', 'rehearsal'];
    expect(rows.map(({ name }: { name: string }) => name)).toEqual(names);
    const [shared] = result('table-2').rows;
    expect(rows[0]).toEqual({ ...shared, name: 'plain-rmsprop', paper: rows[0].paper });
    expect(rows[2].training).toBe('editable-1');
    expect(rows[4]).toMatchObject({ editor: 'lookup-table', layers: null, successRate: 1, tunedOn: null });
    expect(rows[5].edits).toBe(2);
  });

  it('leaves rows that are not asked for as the result file has them, where the work folder lacks them', async () => {
    const before = result('table-3');
    const { stderr } = await run('table-3', '--rows', 'lookup-table', '--work', join(folder, 'other'));
    expect(stderr.match(/\] row .*/g)).toEqual(['] row lookup-table']);
    const names = (rows: readonly { name: string }[]) => rows.map(({ name }) => name);
    expect(names(result('table-3').rows)).toEqual(names(before.rows));
    expect(result('table-3').rows[0]).toEqual(before.rows[0]);
  });

  it('draws figures', async () => {
    const { status, stderr } = await run('edit-sequences', '--rows', 'plain-random,editable-random');
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    expect(readdirSync(join(folder, 'out/edit-sequences/results')).sort()).toEqual([
      'tiny-random.png',
      'tiny-random.svg',
      'tiny-random.vl.json',
      'tiny.json',
    ]);
    const [plain] = result('edit-sequences').rows;
    expect(plain.checkpoints.map(({ edits }: { edits: number }) => edits)).toEqual([1, 2, 4]);
  });

  it('solves repairs together, one after another and at once', async () => {
    const { status, stderr } = await run('edit-sequences', '--rows', 'natural-random-4,natural-random-4-at-once');
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    const rows = result('edit-sequences').rows.filter(({ together }: { together?: string }) => together !== undefined);
    expect(rows.map(({ together }: { together: string }) => together)).toEqual(['in a row', 'at once']);
    for (const row of rows)
      expect(row).toMatchObject({ editor: 'natural', edits: 4, successRate: 1, testImages: 9996 });
    expect(rows[0].checkpoints.map(({ edits }: { edits: number }) => edits)).toEqual([1, 2, 4]);
    expect(rows[1].checkpoints.map(({ edits }: { edits: number }) => edits)).toEqual([4]);
  });

  it('draws a curve for each editor with its views', async () => {
    const names = ['tuned-gd', 'gd-polyak', 'natural-overshoot-1', 'natural-views-4-overshoot-3'];
    const { status, stderr } = await run('locality-generality', '--rows', names.join());
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    // Table 1's row, measured above.
    expect(stderr).not.toMatch(/\] row tuned-gd/);
    const { rows } = result('locality-generality');
    expect(rows.map(({ name }: { name: string }) => name)).toEqual(expect.arrayContaining(names));
    const views = rows.find(({ name }: { name: string }) => name === 'natural-views-4-overshoot-3');
    expect(views).toMatchObject({ editor: 'natural', views: 4, hyperparameters: { overshoot: 3 }, tunedOn: null });
    expect(readdirSync(join(folder, 'out/locality-generality/results'))).toContain('tiny-curves.svg');
  });

  it('asks the open questions of the natural editor', async () => {
    const names = [
      'usual',
      'damping-1',
      'norm-diagonal',
      'inputs-only',
      'block-jacobian',
      'block-both',
      'ekfac',
      'combined',
    ];
    const { status, stderr } = await run('natural-gradient', '--rows', names.join());
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    const { rows } = result('natural-gradient');
    expect(rows.map(({ name }: { name: string }) => name).sort()).toEqual([...names].sort());
    for (const row of rows)
      expect(row).toMatchObject({ editor: 'natural', network: 'scale', edits: 5, successRate: 1 });
    expect(
      new Set(
        rows.map(({ drawdown, meanSteps, generality }: Record<string, number>) =>
          JSON.stringify([drawdown, meanSteps, generality]),
        ),
      ).size,
    ).toBeGreaterThan(1);
  });

  it('draws the figure of descriptors', async () => {
    const { status, stdout, stderr } = await run('figure-2');
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/Components for 90 %/);
    const [plain, editable] = result('figure-2').rows;
    expect(plain.classDrawdown).toHaveLength(10);
    expect(plain.map).toHaveLength(plain.described);
    expect(editable.cumulative.at(-1)).toBeLessThanOrEqual(1);
    const files = readdirSync(join(folder, 'out/figure-2/results'));
    for (const chart of ['class-drawdown', 'edit-map', 'explained-variance'])
      expect(files).toContain(`tiny-${chart}.svg`);
  });

  it('judges edits exactly, in reduced precision and by samples', async () => {
    const { status, stderr } = await run('sampled-drawdown', '--rows', 'plain');
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    const [plain] = result('sampled-drawdown').rows;
    expect(plain).toMatchObject({ training: 'plain', differing: 0, testImages: 10_000 });
    for (const { held, meanJudged, statedHalfWidth, halfWidth } of plain.precisions) {
      expect(held).toBeLessThanOrEqual(plain.edits);
      expect(meanJudged).toBeLessThan(10_000);
      expect(statedHalfWidth).toBeLessThan(1.5 * halfWidth);
    }
  });

  it('says in one sentence which rows there are', async () => {
    const { status, stderr } = await run('table-1', '--rows', 'sgd');
    expect(status).toBe(1);
    expect(stderr).toBe(
      'experiment: --rows: table-1 has no row "sgd"; it has gd, scaled-gd, rprop, rmsprop, momentum, adam, card, gd-polyak, rmsprop-polyak, natural, natural-views-16.\n',
    );
  });
});
