/**
 * The figures of this project: specifications as data, and files made of them.
 *
 * @module @editable/charts
 */
export * from './errors.js';
export * from './render.js';
export * from './specifications/index.js';
