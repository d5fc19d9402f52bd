import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { renderPng, renderSvg, writeChart } from './render.js';
import type { ChartSpec } from './specifications/index.js';
import {
  classDrawdownChart,
  editMapChart,
  editSequenceChart,
  explainedVarianceChart,
  paretoChart,
} from './specifications/index.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-charts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const classes = ['airplane', 'bird', 'cat'];
const names = ['Plain training', 'Editable Training'];
const [plain, editable] = names as [string, string];
const mean = [
  [0.16, 0.01, null],
  [0.02, 0.12, -0.015],
  [0, 0.01, 0.11],
];
const curve = [0.5, 0.75, 0.875, 0.9375];
const points = [
  { label: 'GD', group: plain, drawdown: 0.038, success: 0.987, seconds: 0.08 },
  { label: 'RMSProp', group: plain, drawdown: 0.0177, success: 1, seconds: 0.03 },
  { label: 'Adam', group: editable, drawdown: 0.19, success: 0.9, seconds: 0.05 },
];

const charts: Readonly<Record<string, ChartSpec>> = {
  classDrawdownChart: classDrawdownChart({
    classes,
    models: names.map((name) => ({ name, mean })),
    title: 'Drawdown by class',
  }),
  editMapChart: editMapChart({
    classes,
    models: names.map((name) => ({ name, points: classes.map((_, label) => ({ x: label, y: -label, label })) })),
  }),
  explainedVarianceChart: explainedVarianceChart({ models: names.map((name) => ({ name, cumulative: curve })) }),
  editSequenceChart: editSequenceChart({
    series: names.map((name) => ({
      name,
      points: [0, 1, 2].map((edits) => ({ edits, errorRate: 0.08 + edits / 50, inForce: edits === 0 ? null : 0.97 })),
    })),
  }),
  paretoChart: paretoChart({ points, against: 'success' }),
};

/** The texts of a chart, letter by letter as a reader sees them. */
const textsOf = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>(.*?)<\/text>/g)].map((match) => match[1]!);

/** Elements inside each group of marks of a kind, axes' and legends' left out. */
const marksOf = (svg: string, kind: string, element: string): number =>
  [...svg.matchAll(new RegExp(`<g class="mark-${kind} role-mark[^>]*>(.*?)</g>`, 'g'))]
    .map(([, inside]) => inside!.split(`<${element} `).length - 1)
    .reduce((sum, count) => sum + count, 0);

describe('renderSvg', () => {
  it.each([
    ['classDrawdownChart', ['Drawdown by class', 'Class of the edited image', 'Class whose error changes', ...names]],
    ['classDrawdownChart', [...classes, 'Change of error', '(percentage points)', '+16.0', '−16.0', '−1.5', '–']],
    [
      'editMapChart',
      ['t-SNE dimension 1 (no unit)', 't-SNE dimension 2 (no unit)', 'Original class', ...classes, ...names],
    ],
    ['explainedVarianceChart', ['Number of components', 'Explained variance (%)', 'Model', ...names]],
    ['editSequenceChart', ['Number of edits', 'Test error (%)', 'Edits in force (%)', 'Model', ...names]],
    [
      'paretoChart',
      ['Success rate (%)', 'Drawdown (percentage points of test error)', 'Training', 'RMSProp', ...names],
    ],
  ])('writes titles, units, legends and labels: %s', async (name, texts) => {
    const written = (await renderSvg(charts[name]!)).match(/>[^<>]+</g)!.map((text) => text.slice(1, -1));
    expect(texts.filter((text) => !written.includes(text))).toEqual([]);
  });

  it('draws a cell for each number of each model, and a number in it', async () => {
    const svg = await renderSvg(charts.classDrawdownChart!);
    expect(marksOf(svg, 'text', 'text')).toBe(18);
    expect(textsOf(svg).filter((text) => text === '–')).toHaveLength(2);
    expect(marksOf(svg, 'rect', 'path')).toBe(16); // what is not known has no colour
  });

  it('draws a point for each edit and each method', async () => {
    expect(marksOf(await renderSvg(charts.editMapChart!), 'symbol', 'path')).toBe(6);
    expect(marksOf(await renderSvg(charts.paretoChart!), 'symbol', 'path')).toBe(3);
  });

  it('draws a line for each model through all of its numbers', async () => {
    const svg = await renderSvg(charts.explainedVarianceChart!);
    const lines = [...svg.matchAll(/<g class="mark-line role-mark[^>]*>.*?d="(.*?)"/g)].map((match) => match[1]!);
    expect(lines.map((line) => line.match(/[ML]/g))).toEqual([Array(4), Array(4)].map(() => ['M', 'L', 'L', 'L']));
  });

  it('gives the same bytes again, other charts in between or at the same time', async () => {
    const first = await renderSvg(charts.classDrawdownChart!);
    await renderSvg(charts.paretoChart!);
    const again = await Promise.all([charts.classDrawdownChart!, charts.classDrawdownChart!].map(renderSvg));
    expect(again.map((svg) => svg === first)).toEqual([true, true]);
  });

  it('says that a specification cannot be drawn', async () => {
    await expect(renderSvg({} as ChartSpec)).rejects.toMatchObject({ name: 'ChartError', code: 'NOT_DRAWN' });
  });
});

describe('renderPng', () => {
  it.each([1, 2, 1.5])('is %d times as large as the SVG, on white, with dark letters', async (scale) => {
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(await renderSvg(charts.paretoChart!))!;
    const png = await renderPng(charts.paretoChart!, { scale });
    const { data, info } = await sharp(png).greyscale().raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([Math.round(Number(width) * scale), Math.round(Number(height) * scale)]);
    expect(data[0]).toBe(255);
    // The ticks' numbers and the axis title are the only ink below the plot.
    const below = data.subarray(info.width * Math.round(info.height - 30 * scale));
    expect(below.filter((value) => value < 120).length).toBeGreaterThan(50 * scale);
  });

  it('gives the same bytes again', async () => {
    expect(await renderPng(charts.editMapChart!)).toEqual(await renderPng(charts.editMapChart!));
  });

  it('refuses a scale of zero', async () => {
    await expect(renderPng(charts.editMapChart!, { scale: 0 })).rejects.toThrow('received 0');
  });
});

describe('writeChart', () => {
  it('writes both files and leaves nothing else', async () => {
    const paths = await writeChart(charts.paretoChart!, join(folder, 'pareto'), { scale: 1 });
    expect(readFileSync(paths.svg, 'utf8')).toBe(await renderSvg(charts.paretoChart!));
    expect(readFileSync(paths.png)).toEqual(await renderPng(charts.paretoChart!, { scale: 1 }));
    expect(readdirSync(folder).sort()).toEqual(['pareto.png', 'pareto.svg']);
  });

  it('leaves nothing behind where the folder does not exist', async () => {
    await expect(writeChart(charts.paretoChart!, join(folder, 'none', 'pareto'))).rejects.toThrow('ENOENT');
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });
});
