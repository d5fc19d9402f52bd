/** Specifications only: plain functions from data to data, which a web page can import, too. */
export * from './budget-chart.js';
export * from './chart-spec.js';
export * from './class-drawdown-chart.js';
export * from './drawdown-dots-chart.js';
export * from './edit-map-chart.js';
export * from './edit-sequence-chart.js';
export * from './error-band-chart.js';
export * from './explained-variance-chart.js';
export * from './locality-generality-chart.js';
export * from './pareto-chart.js';
export * from './probability-pairs-chart.js';
export * from './rank-chart.js';
export * from './theme.js';
export * from './training-curves-chart.js';
