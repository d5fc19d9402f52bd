import { describe, expect, it } from 'vitest';
import { barPairs } from './bars.js';
import { curves } from './curves.js';
import { dotPlot } from './dots.js';

const percent = (value: number): string => `${Math.round(100 * value)} %`;

describe('dotPlot', () => {
  const row = (values: readonly number[]): Parameters<typeof dotPlot>[0][number] => ({
    name: 'Plain',
    tone: 'plain',
    dots: values.map((value, i) => ({ value, title: `edit ${i}` })),
    mean: 0.02,
    interval: [0.01, 0.03],
  });

  it('draws a dot for every edit, inside the picture', () => {
    const { text } = dotPlot([row([0, 0.01, 0.01, 0.05, -0.02])], percent);
    const xs = [...text.matchAll(/cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x]) => Number(x));
    expect(xs).toHaveLength(5);
    expect(xs.every((x) => x > 0 && x < 720)).toBe(true);
    // From left to right: −0.02, 0, 0.01 twice, 0.05.
    expect(xs).toEqual([...xs].sort((a, b) => a - b));
    expect(new Set(xs).size).toBe(4);
    expect(xs[2]).toBe(xs[3]);
  });

  it('draws edits that all cost nothing', () => {
    expect(dotPlot([row([0, 0, 0])], percent).text).not.toContain('NaN');
  });

  it('keeps a thousand edits in one place within their row', () => {
    const { text } = dotPlot([row(Array.from({ length: 1000 }, () => 0.01))], percent);
    const ys = [...text.matchAll(/cy="([-\d.]+)"/g)].map(([, y]) => Number(y));
    expect(Math.min(...ys)).toBeGreaterThan(0);
  });
});

describe('curves', () => {
  it('draws a path a curve and names it', () => {
    const { text } = curves([{ name: 'base', tone: 'plain', values: [3, 2, 1] }], 'Loss');
    expect(text).toContain('>base</text>');
    expect(text).toMatch(/<path class="line line-plain" d="M[\d.]+,[\d.]+C/);
    expect(text).not.toContain('NaN');
  });

  it('draws nothing wrong for curves without a value or of zeros', () => {
    const all = [
      { name: 'a', tone: 'plain', values: [] },
      { name: 'b', tone: 'editable', values: [0, 0] },
    ] as const;
    expect(curves(all, 'Loss').text).not.toMatch(/NaN|undefined/);
  });
});

describe('barPairs', () => {
  it('draws bars as long as the probabilities', () => {
    const { text } = barPairs([{ name: 'Bag', before: 0.25, after: 1, strong: true }]);
    const widths = [...text.matchAll(/class="fill-\w+" x="92" y="2\d|class="fill-\w+" x="92" y="30"/g)];
    expect(widths).toHaveLength(2);
    expect(text).toContain('width="69" height="8"');
    expect(text).toContain('width="276" height="8"');
    expect(text).toContain('25.0 %');
  });
});
