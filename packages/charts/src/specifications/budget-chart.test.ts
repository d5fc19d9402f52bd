import { describe, expect, it } from 'vitest';
import { renderSvg } from '../render.js';
import { budgetChart } from './budget-chart.js';

const data = {
  measured: [
    { repairs: 20, value: 0.004, interval: [0.002, 0.006] as const },
    { repairs: 10, value: 0.001, interval: [-0.001, 0.003] as const },
  ],
  limit: 0.005,
  valueTitle: 'Drawdown (%)',
};

describe('budgetChart', () => {
  it('draws releases, the forecast with its band, and the budget', async () => {
    const forecast = [{ repairs: 40, expected: 0.008, interval: [0.005, 0.011] as const }];
    const svg = await renderSvg(budgetChart({ ...data, forecast }));
    expect(svg).toContain('>budget</text>');
    expect(svg).toContain('Number of repairs');
    expect(svg.match(/role-mark layer_0_marks/g)).toHaveLength(1);
  });

  it('draws no band where the forecast has no interval', () => {
    const values = (forecast: Parameters<typeof budgetChart>[0]['forecast']): unknown[] =>
      (budgetChart({ ...data, forecast }) as unknown as { layer: { data: { values: unknown[] } }[] }).layer[0]!.data
        .values;
    expect(values([{ repairs: 40, expected: 0.008, interval: null }])).toEqual([
      { repairs: 20, expected: 0.004, low: 0.004, high: 0.004 },
    ]);
    expect(values([{ repairs: 40, expected: 0.008, interval: [0.005, 0.011] }])).toHaveLength(2);
  });
});
