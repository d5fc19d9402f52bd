/** The routes of a server of a translation model: the protocol's, without a store behind them. */

import { ok, type Route } from './routes/route.js';
import { type Routes, routes } from './routes.js';
import {
  type TranslateDocument,
  type TranslateRequest,
  translateRequestSchema,
  translateSchema,
} from './translation.js';

const { serverMetadata, live, ready, modelMetadata, versionMetadata, modelReady, versionReady } = routes;
const { infer, versionInfer, signIn, signOut, metrics, openapi } = routes;

const translate: TranslationRoutes['translate'] = {
  method: 'POST',
  role: 'read',
  group: 'Predictions',
  path: '/api/translate',
  summary: 'Translates sentences',
  body: translateRequestSchema,
  answer: ok(translateSchema),
};

type Shared =
  | ('serverMetadata' | 'live' | 'ready' | 'modelMetadata' | 'versionMetadata' | 'modelReady' | 'versionReady')
  | ('infer' | 'versionInfer' | 'signIn' | 'signOut' | 'metrics' | 'openapi');

export interface TranslationRoutes extends Pick<Routes, Shared> {
  readonly translate: Route<{ body: TranslateRequest; answer: TranslateDocument }>;
}

export const translationRoutes: TranslationRoutes = {
  ...{ serverMetadata, live, ready, modelMetadata, versionMetadata, modelReady, versionReady, infer, versionInfer },
  ...{ translate, signIn, signOut, metrics, openapi },
};
