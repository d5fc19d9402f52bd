import { describe, expect, it } from 'vitest';
import { renderInline, renderSvg } from '../render.js';
import { drawdownDotsChart, inTheme, probabilityPairsChart, trainingCurvesChart } from './index.js';

const valuesOf = (spec: object): readonly Record<string, unknown>[] =>
  (spec as { readonly data: { readonly values: readonly Record<string, unknown>[] } }).data.values;

const row = (drawdowns: readonly number[]): Parameters<typeof drawdownDotsChart>[0]['rows'][number] => ({
  name: 'Plain',
  highlighted: false,
  mean: 0.02,
  interval: [0.01, 0.03],
  edits: drawdowns.map((drawdown, i) => ({ drawdown, label: `edit ${i}` })),
});

describe('drawdownDotsChart', () => {
  it('stacks edits that cost alike and keeps the others in their order', () => {
    const dots = valuesOf(drawdownDotsChart({ rows: [row([0.01, 0.01, 0.05, -0.02])] })).filter(
      ({ kind }) => kind === 'edit',
    );
    expect(dots.map(({ level }) => level)).toEqual([0, 1, 0, 0]);
    const places = dots.map(({ drawdown }) => drawdown as number);
    expect(places[0]).toBe(places[1]);
    expect(places[3]).toBeLessThan(places[0]!);
    expect(places[0]).toBeLessThan(places[2]!);
  });

  it('draws a dot for every edit, with what it is of', async () => {
    const svg = await renderInline(drawdownDotsChart({ rows: [row([0, 0, 0]), { ...row([0.01]), name: 'Other' }] }));
    expect(svg.match(/<title>edit \d<\/title>/g)).toHaveLength(4);
    expect(svg).not.toMatch(/NaN|undefined|xmlns/);
    expect(svg).toContain('Plain: mean +2.0 %');
  });

  it('keeps a thousand edits of one cost inside their row', () => {
    const spec = drawdownDotsChart({ rows: [row(Array.from({ length: 1000 }, () => 0.01))] });
    const levels = valuesOf(spec).map(({ level }) => level as number);
    expect(Math.max(...levels)).toBe(999);
    expect(JSON.stringify(spec)).toContain('"domain":[-1.2,1000]');
  });
});

describe('trainingCurvesChart', () => {
  it('averages stretches of steps to at most forty points a curve', () => {
    const values = valuesOf(trainingCurvesChart({ curves: [{ name: 'base', values: Array(100).fill(2) }] }));
    expect(values).toHaveLength(34);
    expect(values[0]).toEqual({ curve: 'base', step: 2, value: 2 });
  });

  it('draws nothing wrong for curves without a value or of zeros', async () => {
    const curves = [
      { name: 'a', values: [] },
      { name: 'b', values: [0, 0] },
    ];
    expect(await renderSvg(trainingCurvesChart({ curves }))).not.toMatch(/NaN|undefined/);
  });
});

describe('probabilityPairsChart', () => {
  it('has two bars a class, with numbers where there is something to see', async () => {
    const pairs = [{ name: 'Bag', before: 0.001, after: 1, strong: true }];
    expect(valuesOf(probabilityPairsChart({ pairs })).map(({ text }) => text)).toEqual(['', '100 %']);
    const svg = await renderSvg(probabilityPairsChart({ pairs }));
    // Clips have identifiers, which two charts on one page would share.
    expect(svg).not.toMatch(/ id="/);
    expect(svg).toMatch(/font-weight="bold"[^>]*>Bag</);
  });
});

describe('inTheme', () => {
  it('swaps colours for a dark page, and leaves the data as it is', async () => {
    const spec = probabilityPairsChart({ pairs: [{ name: 'white', before: 0.5, after: 0.5, strong: false }] });
    const dark = inTheme(spec, 'dark');
    expect(valuesOf(dark)).toEqual(valuesOf(spec));
    const svg = await renderSvg(dark);
    expect(svg).toContain('fill="#1d1f22"');
    expect(svg).not.toMatch(/fill="white"|#0072B2/);
    expect(svg).toContain('>white<');
    expect(inTheme(spec, 'light')).toBe(spec);
  });
});
