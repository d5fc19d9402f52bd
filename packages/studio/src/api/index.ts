/** The contract between server and page: schemas, types and the table of routes. Free of libtorch, so that a page can import it. */
export * from './errors.js';
export * from './figures.js';
export * from './inference.js';
export * from './jobs.js';
export * from './mistakes.js';
export * from './moves.js';
export * from './releases.js';
export * from './repairs.js';
export * from './routes.js';
export * from './serving.js';
export * from './translation.js';
export * from './translation-routes.js';
export * from './words.js';
