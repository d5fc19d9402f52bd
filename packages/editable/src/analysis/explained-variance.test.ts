import { describe, expect, it } from 'vitest';
import { componentsToExplain, explainedVariance } from './explained-variance.js';

const identity = { rows: 2, columns: 2, values: Float32Array.of(1, 0, 0, 2) };

describe('explainedVariance', () => {
  it('adds up the shares of the components', () => {
    const { ratio, cumulative } = explainedVariance(identity);
    expect(ratio).toEqual([expect.closeTo(0.8, 12), expect.closeTo(0.2, 12)]);
    expect(cumulative).toEqual([expect.closeTo(0.8, 12), expect.closeTo(1, 12)]);
  });

  it('gives as many components as asked for', () => {
    expect(explainedVariance(identity, { components: 1 }).cumulative).toEqual([expect.closeTo(0.8, 12)]);
  });
});

describe('componentsToExplain', () => {
  const curve = { ratio: [0.5, 0.3, 0.1], cumulative: [0.5, 0.8, 0.9] };

  it('is the first number of components that reaches the share', () => {
    expect(componentsToExplain(curve, 0.5)).toBe(1);
    expect(componentsToExplain(curve, 0.81)).toBe(3);
  });

  it('is undefined where all components together explain less', () => {
    expect(componentsToExplain(curve, 0.95)).toBeUndefined();
  });
});
