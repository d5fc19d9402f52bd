/** The demo with numbers so small that it takes seconds: what it returns, leaves, and repeats. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Console } from '../src/console/console.js';
import { type DemoDocument, demoRows, runDemo } from '../src/demo/demo.js';
import { type DemoSettings, demoSettings } from '../src/demo/settings.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-demo-'));
const hasData = existsSync('/usr/share/datasets/fashion-mnist') || process.env.EDITABLE_DATA !== undefined;

const tiny: DemoSettings = {
  ...demoSettings,
  width: 2,
  plain: { ...demoSettings.plain, epochs: 1, trainImages: 1024 },
  editable: { ...demoSettings.editable, trainImages: 256 },
  extra: 16,
  tuning: {
    plain: { ...demoSettings.tuning.plain, edits: 2, images: 50 },
    editable: { ...demoSettings.tuning.editable, edits: 2, images: 50 },
  },
  natural: { layers: 'layer3', views: 2 },
  repairs: 3,
  edits: 5,
  testImages: 100,
};

const lines: string[] = [];
const console: Console = {
  json: false,
  print: (text = '') => lines.push(...text.split('\n')),
  remark: () => {},
  result: () => {},
  progress: () => ({ update: () => {}, stop: () => {} }),
};

const demo = (name: string): Promise<DemoDocument> => {
  const flags = { out: join(folder, name), seed: 0, device: 'cpu', dataDir: undefined, json: false, debug: false };
  return runDemo(flags, console, tiny);
};

const changing = ['seconds', 'editSeconds', 'solveSeconds', 'run', 'recordsFile', 'patch'];

/** What must be the same twice: everything but times and places. */
const numbers = ({ rows, repair, repairs, suspects }: DemoDocument): unknown =>
  [...demoRows.map((row) => rows[row]), repair, repairs, { suspects }].map((each) =>
    Object.fromEntries(Object.entries(each).filter(([name]) => !changing.includes(name))),
  );

describe.skipIf(!hasData)('runDemo', () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('gives its rows, a repair, repairs in a row and a report, and the same numbers twice', async () => {
    const first = await demo('first');
    for (const row of demoRows) {
      expect(first.rows[row], row).toMatchObject({ edits: 5, testImages: 100, targets: 'random', seed: 0 });
    }
    expect(first.rows.paper.editor).toMatchObject({ name: 'rmsprop', layers: 'layer3' });
    expect(first.rows.natural.editor).toMatchObject({ name: 'natural', layers: 'layer3' });
    expect(first.rows.naturalViews.editor).toMatchObject({ name: 'natural', layers: 'layer3', views: 2 });
    for (const row of ['control', 'editable'] as const)
      expect(first.rows[row].editor).toMatchObject({ name: 'gd', layers: 'extra' });
    expect(first.rows.natural).toMatchObject({ successRate: 1 });
    expect(first.repair.before.label).not.toBe(first.repair.target.label);
    expect(first.repairs).toMatchObject({ repairs: 3, inForce: 1, notInForce: [] });
    const apart = first.suspects.map(({ index }) => index);
    for (const { index } of first.repairs.records) expect(apart).not.toContain(index);
    for (const { votes } of first.suspects) expect(votes.label).toBeLessThanOrEqual(1);
    expect(lines.filter((line) => /^│ Plain +│ rmsprop +│ layer3 │/.test(line))).toHaveLength(1);
    expect(lines.filter((line) => /^│ Plain +│ natural, 2 views │ layer3 │/.test(line))).toHaveLength(1);
    for (const file of [
      'plain/model.safetensors',
      'plain/curvature.safetensors',
      'control/tuning.json',
      'report.html',
    ]) {
      expect(existsSync(join(folder, 'first', file)), file).toBe(true);
    }
    expect(numbers(await demo('first'))).toEqual(numbers(first));
    expect(numbers(await demo('second'))).toEqual(numbers(first));
  }, 400_000);

  it('writes a report that fetches nothing, runs nothing and lacks nothing', () => {
    const page = readFileSync(join(folder, 'first/report.html'), 'utf8');
    expect(page).not.toMatch(/<script|<link|https?:|url\(|NaN|undefined|\[object/);
    // Four charts, each on light and on dark.
    expect(page.match(/<svg/g)).toHaveLength(8);
    expect(page).toMatch(/<img src="data:image\/png;base64,/);
    expect(page.match(/<title>test image/g)).toHaveLength(2 * 5 * demoRows.length);
    expect(page).not.toMatch(/ id="/);
  });
});
