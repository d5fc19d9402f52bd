/** Work that processes share leaves what one process leaves: curvatures, evaluations, tunings; of pictures and of sentences. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { groupBackends, loadSafetensors, scope, type Tensor } from '@editable/torch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallTranslator } from '../../packages/editable/test/small-translator.js';
import { smallRun } from '../../packages/workspace/test/small-run.js';
import { compileProgram, environments, type Program, start, together } from './processes.js';

let program: Program;
const pathOf = (who: string, ...more: readonly string[]): string => join(program.folder, who, ...more);

/** Another copy of both runs. */
function copyFor(who: string): string {
  for (const run of ['pictures', 'sentences']) cpSync(pathOf('begun', run), pathOf(who, run), { recursive: true });
  return JSON.stringify({ folder: pathOf(who), ...(who === 'shards' ? { shards: 3 } : {}) });
}

const whoShares = ['2', '4', 'shards'] as const;

beforeAll(async () => {
  program = await compileProgram('share');
  smallRun(pathOf('begun', 'pictures'));
  await smallTranslator(pathOf('made'), { epochs: 4 });
  cpSync(pathOf('made', 'run'), pathOf('begun', 'sentences'), { recursive: true });
});
afterAll(() => program?.remove());

describe.skipIf(!groupBackends().includes('gloo'))('work shared by processes', () => {
  beforeAll(async () => {
    const alone = (who: string) => start(process.execPath, [program.file, copyFor(who)], {}).ended;
    const ended = [
      ...(await Promise.all([alone('1'), alone('shards')])),
      ...(await together(program, 2, [copyFor('2')])),
      ...(await together(program, 4, [copyFor('4')])),
    ];
    expect(ended.map(({ status, stderr }) => ({ status, stderr }))).toEqual(
      ended.map(() => ({ status: 0, stderr: '' })),
    );
  });

  it.each(whoShares)('leaves a curvature within 1e-6 of one process: %s', (who) => {
    for (const run of ['pictures', 'sentences']) {
      const [alone, shared] = [pathOf('1', run), pathOf(who, run)].map((folder) =>
        loadSafetensors(join(folder, 'curvature.safetensors')),
      ) as [ReturnType<typeof loadSafetensors>, ReturnType<typeof loadSafetensors>];
      expect(shared.metadata).toEqual(alone.metadata);
      expect(alone.tensors.size).toBeGreaterThan(2);
      for (const [name, value] of alone.tensors) {
        const difference = scope(() => distance(shared.tensors.get(name) as Tensor, value));
        expect(difference, `${run} ${name}`).toBeLessThan(1e-6);
      }
    }
  });

  it.each(whoShares)('leaves the records of one process, and the figures: %s', (who) => {
    for (const run of ['pictures', 'sentences']) {
      const name = onlyOf(readdirSync(pathOf('1', run, 'evaluations')), '.jsonl');
      const read = (by: string, file: string): string => readFileSync(pathOf(by, run, 'evaluations', file), 'utf8');
      expect(read('1', name).trim().split('\n')).toHaveLength(8);
      expect(read(who, name)).toBe(read('1', name));
      const figures = (by: string): object => {
        const { seconds: _, run: __, recordsFile: ___, ...rest } = JSON.parse(read(by, name.replace(/l$/, '')));
        return rest;
      };
      expect(figures(who)).toEqual(figures('1'));
    }
  });

  it.each(['2', '4'])('finds the trials of one process, and keeps each once: %s', (who) => {
    const trials = (by: string): object[] =>
      readFileSync(pathOf(by, 'pictures', 'tuning-trials.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => {
          const { key, trial } = JSON.parse(line) as { key: string; trial: { seconds: number } };
          const { seconds: _, ...rest } = trial;
          return { key, ...rest };
        });
    expect(trials('1').length).toBeGreaterThan(6);
    expect(trials(who)).toEqual(trials('1'));
    const editor = (by: string): string => readFileSync(pathOf(by, 'pictures', 'editor.json'), 'utf8');
    expect(editor(who)).toBe(editor('1'));
  });
});

describe.skipIf(!groupBackends().includes('gloo'))('processes that are given different things', () => {
  it('are told so, in the same sentence, by each command', async () => {
    const own = await compileProgram('disagree');
    copyFor('disagree');
    const ended = await together(own, 2, [pathOf('disagree')]);
    own.remove();
    expect(ended.map(({ stderr }) => stderr)).toEqual(['', '']);
    const told = JSON.parse(ended[0]?.stdout as string) as Record<string, string>;
    expect(JSON.parse(ended[1]?.stdout as string)).toEqual(told);
    const what = Object.entries(told).map(([name, text]) => {
      const sentence =
        /^rank 1 \(.+, process \d+\) has another (.+) than rank 0: \S+ there, \S+ here\. Give all processes the same\.$/;
      return [name, sentence.exec(text)?.[1] ?? text];
    });
    expect(Object.fromEntries(what)).toEqual({
      'train, settings': 'settings',
      'train, data': 'data',
      'train on sentences, settings': 'settings',
      'evaluate, settings': 'evaluation',
      'evaluate, model': 'model',
      'evaluate, data': 'test data',
      'evaluate sentences, settings': 'evaluation',
      'tune, settings': 'settings',
      'tune, data': 'data',
      'curvature, layers': 'layers',
      'curvature, data': 'set of control inputs',
      'curvature, model': 'model',
    });
  });
});

describe.skipIf(!groupBackends().includes('gloo'))('processes of other code', () => {
  it('are told so', async () => {
    const other = join(program.folder, 'other.mjs');
    writeFileSync(other, `${readFileSync(program.file, 'utf8')}\n// another version\n`);
    const words = copyFor('code');
    const places = await environments(2);
    const ended = await Promise.all(
      places.map((place, rank) => start(process.execPath, [rank === 0 ? program.file : other, words], place).ended),
    );
    for (const { status, stderr } of ended) {
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /^rank 1 \(.+\) has another code than rank 0: .+ there, .+ here\. Give all processes the same\.\n$/,
      );
    }
  });
});

/** Of a matrix from another, relative to the size of that. */
const distance = (value: Tensor, from: Tensor): number => {
  const norm = (each: Tensor): number => each.to('float64').square().sum().item() ** 0.5;
  return norm(value.to('float64').sub(from.to('float64'))) / norm(from);
};

const onlyOf = (files: readonly string[], ending: string): string => {
  const found = files.filter((file) => file.endsWith(ending) && !file.includes('-shard-'));
  expect(found).toHaveLength(1);
  return found[0] as string;
};
