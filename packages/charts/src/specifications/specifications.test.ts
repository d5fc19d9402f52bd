import { describe, expect, it } from 'vitest';
import { classDrawdownChart, editMapChart, explainedVarianceChart, localityGeneralityChart } from './index.js';
import { placeLabels } from './label-placement.js';

describe('chart specifications', () => {
  it('are plain data: JSON gives them back', () => {
    const spec = explainedVarianceChart({ models: [{ name: 'a', cumulative: [0.5, 1] }], scale: 'log' });
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
  });

  it('put a drawdown below what a logarithmic axis shows on its edge', () => {
    const point = { drawdown: -0.001, drawdownInterval: [-0.002, 0.0004], generality: 0.5 } as const;
    const { data } = localityGeneralityChart({ curves: [{ name: 'a', points: [point] }] }) as {
      data: { values: object[] };
    };
    expect(data.values).toMatchObject([
      { curve: 'a', drawdown: 0.01, low: 0.01, high: 0.04, generality: 0.5, label: '' },
    ]);
  });

  it('refuse a matrix that is not classes × classes', () => {
    const models = [{ name: 'plain', mean: [[1, 2]] }];
    expect(() => classDrawdownChart({ classes: ['a', 'b'], models })).toThrow(
      'expected 2 rows of 2 numbers for "plain", received rows of 2',
    );
  });

  it('refuse a label that is no class', () => {
    const models = [{ name: 'plain', points: [{ x: 0, y: 0, label: 2 }] }];
    expect(() => editMapChart({ classes: ['a', 'b'], models })).toThrow('expected labels from 0 to 1, received 2');
  });
});

describe('placeLabels', () => {
  const plot = { width: 200, height: 100, fontSize: 10 };

  it('puts a label to the right where nothing is in the way', () => {
    expect(placeLabels([{ label: 'abc', x: 50, y: 50 }], plot)).toMatchObject([{ align: 'left', baseline: 'middle' }]);
  });

  it('turns away from the edge and from a neighbour', () => {
    const placed = placeLabels(
      [
        { label: 'at the edge', x: 195, y: 20 },
        { label: 'left', x: 50, y: 50 },
        { label: 'its neighbour', x: 70, y: 50 },
      ],
      plot,
    );
    expect(placed.map(({ align }) => align)).toEqual(['right', 'right', 'left']);
  });
});
