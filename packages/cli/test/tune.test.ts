/** `editable tune` on a tiny run: the card it keeps, that a killed one continues, and what later commands make of it. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const command = join(root, 'packages/cli/bin/editable.js');
const folder = mkdtempSync(join(tmpdir(), 'editable-tune-'));
const run = join(folder, 'run');

const editable = (words: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [command, ...words], { encoding: 'utf8' });

/** Runs with --json; stdout must be one document and nothing else. */
function document(words: readonly string[]): Record<string, unknown> {
  const { status, stdout, stderr } = editable([...words, '--json']);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

const untimed = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, each) => (['seconds', 'secondsPerEdit', 'pareto'].includes(key) ? undefined : each)),
  );

const hasData = existsSync('/usr/share/datasets/fashion-mnist') || process.env.EDITABLE_DATA !== undefined;
const train = ['train', '--width', '2', '--train-images', '512', '--batch-size', '64', '--epochs', '1'];
const all = ['tune', run, '--all', '--editor', 'gd,rprop', '--layers', 'layer4,head', '--edits', '8', '--images', '40'];

describe.skipIf(!hasData)('editable tune --all', () => {
  let card: Record<string, unknown>;

  beforeAll(async () => {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', join(root, 'packages/cli')]);
    document([...train, '--objective', 'plain', '--learning-rate', '0.01', '--out', run]);
    await killedOnceItHas(all, join(run, 'tuning-trials.jsonl'), 5);
    card = document(all);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('continues what was killed to the card that it gives uninterrupted', () => {
    rmSync(join(run, 'tuning-trials.jsonl'));
    expect(untimed(document(all))).toEqual(untimed(card));
  });

  it('keeps the card beside the model, and its best is used from then on', () => {
    const kept = JSON.parse(readFileSync(join(run, 'card.json'), 'utf8'));
    expect({ run, card: join(run, 'card.json'), ...(untimed(kept) as object) }).toEqual(untimed(card));
    expect(card.entries).toHaveLength(4);
    const { editor } = card.best as { editor: { name: string; layers: string; hyperparameters: object } };
    const evaluated = document(['evaluate', run, '--edits', '1', '--test-images', '50']);
    expect(evaluated.editor).toMatchObject({ name: editor.name, layers: editor.layers });
    expect((evaluated.editor as typeof editor).hyperparameters).toMatchObject(editor.hyperparameters);
  });

  it('shows people the finalists and how each number was had', () => {
    const { status, stdout } = editable(all);
    expect(status).toBe(0);
    expect(stdout).toMatch(/Editor .* Layers .* Drawdown .* 95 % interval .* Success .* Steps .* Time /);
    expect(stdout).toMatch(/16 edits each on 40 fresh validation images, seed \d+\./);
    expect(stdout).toMatch(/│ \*( P)? +│/);
    const { stdout: info } = editable(['info', run]);
    expect(info).toMatch(/^card +(gd|rprop), .* validation images, seed \d+$/m);
  });

  it.each([
    [['--editor', 'gd,sgd', '--all'], /--editor: expected one of gd, .*, received "sgd"/],
    [['--editor', 'gd,adam'], /--editor: expected one editor, received 2; add --all/],
    [['--all', '--layers', 'layer9'], /"layer9" selects no parameter/],
  ] as const)('refuses %j in one sentence', (words, message) => {
    const { status, stdout, stderr } = editable(['tune', run, ...words]);
    expect({ status, stdout }, stderr).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

/** Starts a command and kills it as soon as a file has so many lines. */
async function killedOnceItHas(words: readonly string[], file: string, lines: number): Promise<void> {
  const child = spawn(process.execPath, [command, ...words], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  while (child.exitCode === null && !child.killed) {
    if (existsSync(file) && readFileSync(file, 'utf8').split('\n').length > lines) child.kill('SIGKILL');
    else await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await ended;
  expect(child.signalCode).toBe('SIGKILL');
}
