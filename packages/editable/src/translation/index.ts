export * from './label-smoothing.js';
