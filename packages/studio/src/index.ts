/** A run served over HTTP: predictions by the Open Inference Protocol, and the work of its store. */
export * from './api/index.js';
export { StudioError, type StudioErrorCode } from './errors.js';
export type { Limits, ServeOptions, TokenHolder } from './server/options.js';
export { usualLimits } from './server/options.js';
export type { RunningServer } from './server/running-server.js';
export { serve } from './server/serve.js';
export { readTokens } from './server/tokens.js';
export { type ServeTranslationOptions, serveTranslation } from './translation/serve-translation.js';
