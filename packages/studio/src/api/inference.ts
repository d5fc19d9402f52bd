/** The Open Inference Protocol, version 2, over HTTP: https://github.com/kserve/open-inference-protocol */
import { z } from 'zod';

/** Numbers flat, or nested by the shape. */
export type TensorData = readonly unknown[];

export type Parameters = Readonly<Record<string, string | number | boolean>>;

export interface InferInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly parameters?: Parameters | undefined;
  /** Left out where `parameters.binary_data_size` says that it follows the JSON. */
  readonly data?: TensorData | undefined;
}

export interface RequestedOutput {
  readonly name: string;
  /** `binary_data`: true; `classification`: so many classes. */
  readonly parameters?: Parameters | undefined;
}

export interface InferRequest {
  readonly id?: string | undefined;
  /** `binary_data_output`: true. */
  readonly parameters?: Parameters | undefined;
  readonly inputs: readonly InferInput[];
  readonly outputs?: readonly RequestedOutput[] | undefined;
}

export interface InferOutput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly parameters?: Parameters | undefined;
  readonly data?: TensorData | undefined;
}

export interface InferResponse {
  readonly model_name: string;
  /** The release that answered, or the base. */
  readonly model_version: string;
  readonly id: string;
  /** `batch`: pictures that were run together with this request's, its own among them. */
  readonly parameters?: Parameters | undefined;
  readonly outputs: readonly InferOutput[];
}

const parameters: z.ZodType<Parameters> = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

export const inferRequestSchema: z.ZodType<InferRequest> = z.object({
  id: z.string().max(256).optional(),
  parameters: parameters.optional(),
  inputs: z
    .array(
      z.object({
        name: z.string(),
        shape: z.array(z.number().int().min(0)).max(8),
        datatype: z.string(),
        parameters: parameters.optional(),
        data: z.array(z.unknown()).optional(),
      }),
    )
    .min(1)
    .max(16),
  outputs: z
    .array(z.object({ name: z.string(), parameters: parameters.optional() }))
    .max(16)
    .optional(),
});

export const inferResponseSchema: z.ZodType<InferResponse> = z.strictObject({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string(),
  parameters: parameters.optional(),
  outputs: z.array(
    z.strictObject({
      name: z.string(),
      shape: z.array(z.number().int()),
      datatype: z.string(),
      parameters: parameters.optional(),
      data: z.array(z.unknown()).optional(),
    }),
  ),
});

export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

export const serverMetadataSchema: z.ZodType<ServerMetadata> = z.strictObject({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
});

export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  /** -1: any number. */
  readonly shape: readonly number[];
}

export interface ModelMetadata {
  readonly name: string;
  /** Those that answer, the served one first. */
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

const tensorMetadata: z.ZodType<TensorMetadata> = z.strictObject({
  name: z.string(),
  datatype: z.string(),
  shape: z.array(z.number().int()),
});

export const modelMetadataSchema: z.ZodType<ModelMetadata> = z.strictObject({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(tensorMetadata),
  outputs: z.array(tensorMetadata),
});

/** A row of the repository's index. */
export interface RepositoryModel {
  readonly name: string;
  readonly version: string;
  readonly state: 'READY' | 'UNAVAILABLE';
  readonly reason: string;
}

export const repositoryModelSchema: z.ZodType<RepositoryModel> = z.strictObject({
  name: z.string(),
  version: z.string(),
  state: z.enum(['READY', 'UNAVAILABLE']),
  reason: z.string(),
});

export interface RepositoryIndexRequest {
  /** Only those that answer. */
  readonly ready?: boolean | undefined;
}

export const repositoryIndexRequestSchema: z.ZodType<RepositoryIndexRequest | null | undefined> = z
  .object({ ready: z.boolean().optional() })
  .nullish();

export interface RepositoryLoadRequest {
  /** `version`: the release; left out: what the store says is active. */
  readonly parameters?: Parameters | undefined;
}

export const repositoryLoadRequestSchema: z.ZodType<RepositoryLoadRequest | null | undefined> = z
  .object({ parameters: parameters.optional() })
  .nullish();
