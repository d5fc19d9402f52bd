/** The Open Inference Protocol with its repository extension, and pictures as files. */

import { z } from 'zod';
import {
  type InferRequest,
  type InferResponse,
  inferRequestSchema,
  inferResponseSchema,
  type ModelMetadata,
  modelMetadataSchema,
  type RepositoryIndexRequest,
  type RepositoryLoadRequest,
  type RepositoryModel,
  repositoryIndexRequestSchema,
  repositoryLoadRequestSchema,
  repositoryModelSchema,
  type ServerMetadata,
  serverMetadataSchema,
} from '../inference.js';
import { type PredictDocument, predictSchema } from '../serving.js';
import {
  empty,
  inference,
  type ModelParams,
  modelParams,
  ok,
  type Route,
  type VersionParams,
  versionParams,
} from './route.js';

export interface InferenceRoutes {
  readonly serverMetadata: Route<{ answer: ServerMetadata }>;
  readonly live: Route<{ answer: { live: boolean } }>;
  readonly ready: Route<{ answer: { ready: boolean } }>;
  readonly modelMetadata: Route<{ params: ModelParams; answer: ModelMetadata }>;
  readonly versionMetadata: Route<{ params: VersionParams; answer: ModelMetadata }>;
  readonly modelReady: Route<{ params: ModelParams; answer: { name: string; ready: boolean } }>;
  readonly versionReady: Route<{ params: VersionParams; answer: { name: string; ready: boolean } }>;
  readonly infer: Route<{ params: ModelParams; body: InferRequest; answer: InferResponse }>;
  readonly versionInfer: Route<{ params: VersionParams; body: InferRequest; answer: InferResponse }>;
  readonly repositoryIndex: Route<{
    body: RepositoryIndexRequest | null | undefined;
    answer: readonly RepositoryModel[];
  }>;
  readonly repositoryLoad: Route<{ params: ModelParams; body: RepositoryLoadRequest | null | undefined; answer: null }>;
  readonly repositoryUnload: Route<{
    params: ModelParams;
    body: RepositoryLoadRequest | null | undefined;
    answer: null;
  }>;
  readonly predict: Route<{ answer: PredictDocument }>;
}

export const inferenceRoutes: InferenceRoutes = {
  serverMetadata: {
    ...inference,
    method: 'GET',
    path: '/v2',
    summary: 'Name, version and extensions of the server',
    answer: ok(serverMetadataSchema),
  },
  live: {
    ...inference,
    open: true,
    method: 'GET',
    path: '/v2/health/live',
    summary: 'Whether the server runs',
    answer: ok(z.strictObject({ live: z.boolean() })),
  },
  ready: {
    ...inference,
    open: true,
    method: 'GET',
    path: '/v2/health/ready',
    summary: 'Whether the network answers',
    answer: ok(z.strictObject({ ready: z.boolean() })),
  },
  modelMetadata: {
    ...inference,
    method: 'GET',
    path: '/v2/models/:model',
    summary: 'Inputs, outputs and versions',
    params: modelParams,
    answer: ok(modelMetadataSchema),
  },
  versionMetadata: {
    ...inference,
    method: 'GET',
    path: '/v2/models/:model/versions/:version',
    summary: 'The same of one release',
    params: versionParams,
    answer: ok(modelMetadataSchema),
  },
  modelReady: {
    ...inference,
    method: 'GET',
    path: '/v2/models/:model/ready',
    summary: 'Whether the model answers',
    params: modelParams,
    answer: ok(z.strictObject({ name: z.string(), ready: z.boolean() })),
  },
  versionReady: {
    ...inference,
    method: 'GET',
    path: '/v2/models/:model/versions/:version/ready',
    summary: 'Whether a release is loaded and answers',
    params: versionParams,
    answer: ok(z.strictObject({ name: z.string(), ready: z.boolean() })),
  },
  infer: {
    ...inference,
    method: 'POST',
    path: '/v2/models/:model/infer',
    summary: 'Answers of what is served; JSON or binary tensors',
    params: modelParams,
    body: inferRequestSchema,
    answer: ok(inferResponseSchema),
  },
  versionInfer: {
    ...inference,
    method: 'POST',
    path: '/v2/models/:model/versions/:version/infer',
    summary: 'Answers of one loaded release',
    params: versionParams,
    body: inferRequestSchema,
    answer: ok(inferResponseSchema),
  },
  repositoryIndex: {
    ...inference,
    method: 'POST',
    path: '/v2/repository/index',
    summary: 'Every release and whether it answers',
    body: repositoryIndexRequestSchema,
    answer: ok(z.array(repositoryModelSchema)),
  },
  repositoryLoad: {
    ...inference,
    role: 'approve',
    method: 'POST',
    path: '/v2/repository/models/:model/load',
    summary: 'Loads a release beside what is served; nothing else changes',
    params: modelParams,
    body: repositoryLoadRequestSchema,
    answer: empty,
  },
  repositoryUnload: {
    ...inference,
    role: 'approve',
    method: 'POST',
    path: '/v2/repository/models/:model/unload',
    summary: 'Frees a release that was loaded; what is served stays',
    params: modelParams,
    body: repositoryLoadRequestSchema,
    answer: empty,
  },
  predict: {
    method: 'POST',
    role: 'read',
    group: 'Predictions',
    path: '/api/predict',
    summary: 'What the network says of a picture: the body is a PNG, JPEG or WebP file',
    answer: ok(predictSchema),
  },
};
