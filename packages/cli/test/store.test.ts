/** The store's commands and the gate, as people and scripts call them, on a tiny run. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const command = join(root, 'packages/cli/bin/editable.js');
const folder = mkdtempSync(join(tmpdir(), 'editable-store-cli-'));
const at = (...path: string[]): string => join(folder, ...path);
const hasData = existsSync('/usr/share/datasets/fashion-mnist') || process.env.EDITABLE_DATA !== undefined;

function editable(...words: readonly string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...words], {
    encoding: 'utf8',
    maxBuffer: 2 ** 25,
    env: { ...process.env, EDITABLE_USER: 'ann' },
  });
  return { code: status, out: stdout, err: stderr };
}

// biome-ignore lint/suspicious/noExplicitAny: documents are read as scripts read them
function document(...words: readonly string[]): any {
  const { code, out, err } = editable(...words, '--json');
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

function refusal(...words: readonly string[]): string {
  const { code, out, err } = editable(...words);
  expect({ code, out }, err).toEqual({ code: 1, out: '' });
  expect(err).toMatch(/^editable: .*[.!?]\n$/);
  return err.trim();
}

describe.skipIf(!hasData)('editable store', () => {
  const store = at('store');
  let ids: string[];
  let release: string;

  beforeAll(() => {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', join(root, 'packages/cli')]);
    const words =
      'train --width 2 --train-images 512 --batch-size 64 --epochs 2 --objective plain --learning-rate 0.01';
    document(...words.split(' '), '--out', at('run'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is made for a run, and takes wishes with a reason', () => {
    const made = document('store', 'init', store, '--run', at('run'), '--control-images', '100');
    expect(made).toMatchObject({ store, solver: { layers: 'layer3', controlImages: 100, maxSteps: 60 } });
    const lines = ['{"index": 0, "target": "Sneaker"}', '{"index": 1, "target": 4}', '{"index": 2, "target": "Shirt"}'];
    writeFileSync(at('some.jsonl'), lines.join('\n'));
    const { repairs } = document('store', 'propose', store, '--file', at('some.jsonl'), '--why', 'audit');
    ids = repairs.map(({ id }: { id: string }) => id.slice(0, 10));
    expect(repairs).toMatchObject(lines.map((line) => ({ source: { index: JSON.parse(line).index }, approved: null })));
    const { index } = JSON.parse(lines[0]!);
    expect(refusal('store', 'propose', store, '--index', String(index), '--why', 'x')).toContain(
      '--target: expected a class',
    );
    expect(refusal('store', 'propose', store, '--target', '3', '--why', 'x')).toContain(
      'one of --image FILE and --index N',
    );
  });

  it('asks a second person, all or none', () => {
    expect(refusal('store', 'approve', store, ...ids, '--why', 'fine')).toContain('a second person has to approve it.');
    expect(refusal('store', 'approve', store, ids[0]!, '0000', '--by', 'bob', '--why', 'fine')).toContain(
      'which is none',
    );
    const { repairs } = document('store', 'approve', store, ...ids, '--by', 'bob', '--why', 'fine');
    expect(repairs).toHaveLength(3);
  });

  it('previews, releases, and tells people what it cost', () => {
    const preview = document('store', 'preview', store, ids[0]!, '--test-images', '300');
    expect(preview.repairs).toHaveLength(3);
    const { code, out, err } = editable('store', 'release', store, '--test-images', '300');
    expect(code, err).toBe(0);
    expect(out).toMatch(/in force +3 of 3/);
    expect(out).toMatch(/test error +\d+\.\d\d % → \d+\.\d\d %, drawdown/);
    const { active, releases } = document('store', 'status', store);
    expect({ active, releases }).toMatchObject({ active: null, releases: [{ parent: null }] });
    release = releases[0].id;
  });

  it('is checked before it is served: the exit code, JUnit and Markdown say so', () => {
    const loose = ['--drawdown', '1', '--negative-flips', '1', '--test-images', '300'];
    const reports = ['--junit', at('check.xml'), '--markdown', at('check.md')];
    const passed = editable('check', store, '--release', release.slice(0, 10), ...loose, ...reports);
    expect(passed.code, passed.out + passed.err).toBe(0);
    expect(passed.out).toContain(': passed');
    expect(readFileSync(at('check.xml'), 'utf8')).toMatch(
      /^<\?xml[\s\S]*<testsuites name="[^"]+" tests="10" failures="0"/,
    );
    const strict = editable(
      'check',
      store,
      '--release',
      release,
      '--drawdown',
      '-1',
      '--test-images',
      '300',
      ...reports,
      '--json',
    );
    expect(strict.code).toBe(1);
    expect(JSON.parse(strict.out)).toMatchObject({ passed: false, release });
    expect(readFileSync(at('check.xml'), 'utf8')).toMatch(/<failure message="[^"]* at most -100\.00 % allowed"\/>/);
    expect(readFileSync(at('check.md'), 'utf8')).toMatch(
      /^## ❌ editable check: release [\s\S]*\| ❌ \| budget \| drawdown \|/,
    );
  });

  it('serves, compares, exports, rolls back, retires and logs', () => {
    expect(refusal('store', 'activate', store, release, '--by', 'bob')).toContain(
      'failed its last check: expected a check that passed before it is served',
    );
    const anyway = ['--override', 'a test of the command line'];
    expect(document('store', 'activate', store, release, '--by', 'bob', ...anyway).active.id).toBe(release);
    expect(document('store', 'log', store).entries.slice(-3)).toMatchObject([
      { event: { kind: 'checked', release, passed: true, images: 299, budget: { drawdown: 1 } } },
      { event: { kind: 'checked', release, passed: false, budget: { drawdown: -1, negativeFlips: 0.01 } } },
      { event: { kind: 'activated', release, override: 'a test of the command line' } },
    ]);
    expect(document('store', 'diff', store, 'base', 'active', '--test-images', '300').added).toHaveLength(3);
    const exported = document('store', 'export', store, '--format', 'patch', '--out', at('fix.safetensors'));
    expect(document('predict', at('run'), '--index', '1', '--patch', exported.path).label).toBe(4);
    const retired = document('store', 'retire', store, ids[0]!, '--why', 'label was wrong', '--test-images', '300');
    expect(retired.active).toMatchObject({ parent: release, repairs: { length: 2 } });
    expect(document('store', 'rollback', store, '--why', 'alarm').active.id).toBe(release);
    const { entries } = document('store', 'log', store);
    expect(entries.at(-1)).toMatchObject({
      by: 'ann',
      event: { kind: 'activated', release, rollBack: true, why: 'alarm' },
    });
    expect(editable('store', 'log', store).out).toMatch(/rolled back to [0-9a-f]{10} +│ alarm/);
    expect(document('store', 'verify', store)).toMatchObject({ ok: true, releases: 2, repairs: 3, problems: [] });
  });

  it('tells what the repairs cost, what more will, and what to do', () => {
    const { points, advice, drawdown } = document('store', 'budget', store, '--drawdown', '1', '--negative-flips', '1');
    expect(points.map((each: { repairs: number }) => each.repairs)).toEqual([3, 2]);
    expect({ advice, limit: drawdown.limit }).toEqual({ advice: 'room', limit: 1 });
    const { out } = editable('store', 'budget', store, '--drawdown', '-1');
    expect(out).toMatch(/advice +retrain now\. The newest release is over budget: drawdown/);
    expect(out).toMatch(/After repairs/);
  });

  it('settles from then on where it is told so again of the same run', () => {
    const made = document('store', 'init', store, '--run', at('run'), '--control-images', '100', '--settle', '2');
    expect(made.solver).toMatchObject({ layers: 'layer3', settle: 2 });
    const { out } = editable('store', 'init', store, '--run', at('run'), '--control-images', '100', '--settle', '2');
    expect(out).toContain('layer3, 2 settling steps; answers on 100 control images are kept');
  });

  it('catches a tampered release', () => {
    const path = join(store, 'releases', `${release}.safetensors`);
    const bytes = readFileSync(path);
    writeFileSync(
      path,
      bytes.map((byte, i) => (i === bytes.length - 3 ? byte ^ 4 : byte)),
    );
    const verified = editable('store', 'verify', store);
    expect(verified).toMatchObject({ code: 1, out: expect.stringContaining('its contents have another hash') });
    const checked = editable('check', store);
    expect(checked).toMatchObject({ code: 1, out: expect.stringMatching(/✗ files: release .* another hash/) });
    expect(refusal('store', 'rollback', store, '--to', 'base', '--why', ' ')).toContain('--why: expected a reason');
  });

  it('says what is no store', () => {
    expect(refusal('store', 'status', at('run'))).toContain('is not a store: it holds no journal; make one with');
  });
});
