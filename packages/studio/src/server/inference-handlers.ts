/** The Open Inference Protocol's routes, and pictures as files. */
import { ranked } from '@editable/workspace';
import type { InferRequest, ModelMetadata, RepositoryModel } from '../api/inference.js';
import { invalid, notFound, StudioError } from '../errors.js';
import { normalised, outputsOf, picturesOf, softmax } from '../inference/tensors.js';
import { activeVersion, type Version } from '../live/live-model.js';
import { releaseIdOf } from './documents.js';
import type { Handled, SomeHandlers } from './handling.js';
import { sendInference } from './inference-reply.js';
import type { Parts } from './parts.js';

type Names =
  | 'serverMetadata'
  | 'live'
  | 'ready'
  | 'modelMetadata'
  | 'versionMetadata'
  | 'modelReady'
  | 'versionReady'
  | 'infer'
  | 'versionInfer'
  | 'repositoryIndex'
  | 'repositoryLoad'
  | 'repositoryUnload'
  | 'predict';

const shownClasses = 5;
const nothing = new Uint8Array();
export const extensions: readonly string[] = ['binary_tensor_data', 'classification', 'model_repository'];

export function inferenceHandlers(parts: Parts): SomeHandlers<Names> {
  const { live, inference, model, version: serverVersion } = parts;
  return {
    serverMetadata: () => ({ name: 'editable', version: serverVersion, extensions }),
    live: () => ({ live: true }),
    ready: ({ reply }) => {
      const ready = live.served !== undefined;
      if (!ready) void reply.status(503);
      return { ready };
    },
    modelMetadata: ({ params }) => metadataOf(parts, params.model),
    versionMetadata: ({ params }) => metadataOf(parts, params.model, versionOf(parts, params.version).version),
    modelReady: ({ params }) => ({ name: requireModel(parts, params.model), ready: true }),
    versionReady: ({ params, reply }) => {
      requireModel(parts, params.model);
      const ready = inference.versions.includes(versionOf(parts, params.version).version);
      if (!ready) void reply.status(503);
      return { name: model, ready };
    },
    infer: (handled) => infer(parts, handled),
    versionInfer: (handled) => infer(parts, handled, versionOf(parts, handled.params.version).version),
    repositoryIndex: ({ body }) =>
      repositoryIndex(parts).filter(({ state }) => body?.ready !== true || state === 'READY'),
    repositoryLoad: async ({ params, body }) => {
      requireModel(parts, params.model);
      const asked = body?.parameters?.version;
      if (asked === undefined) await live.refresh();
      else await live.hold(versionOf(parts, String(asked)));
      return null;
    },
    repositoryUnload: async ({ params, body }) => {
      requireModel(parts, params.model);
      const asked = body?.parameters?.version;
      if (asked === undefined) throw invalid('version: expected in the parameters; what is served is not unloaded.');
      const { version } = versionOf(parts, String(asked));
      if (!(await live.release(version)))
        throw new StudioError('NOT_FOUND', `${version.slice(0, 10)} was not loaded through this route.`);
      return null;
    },
    predict: (handled) => predict(parts, handled),
  };
}

async function infer(
  parts: Parts,
  { params, body, request, reply }: Handled<{ params: { model: string }; body: InferRequest }>,
  version?: string,
): Promise<never> {
  const model = requireModel(parts, params.model);
  const id = body.id ?? request.id;
  const pictures = picturesOf(body, request.binary ?? nothing, parts.picture);
  const answered = await parts.answering.answer({ id, pictures, version });
  const { outputs, binary } = outputsOf(body, { ...answered, classes: parts.config.classes });
  const response = {
    model_name: model,
    model_version: answered.version,
    id,
    parameters: { batch: answered.batch },
    outputs,
  };
  return sendInference(reply, response, binary);
}

async function predict(
  { pictures, answering, picture, config, model }: Parts,
  { request, reply }: Handled<object>,
): Promise<{
  readonly id: string;
  readonly model_name: string;
  readonly model_version: string;
  readonly top: ReturnType<typeof ranked>;
  readonly resizedFrom: readonly [number, number] | null;
}> {
  if (!Buffer.isBuffer(request.body) || request.body.length === 0)
    throw new StudioError(
      'UNSUPPORTED',
      'expected a picture’s file as the body: content-type image/png, image/jpeg or image/webp.',
    );
  const { pixels, resizedFrom } = await pictures.read(request.body);
  const data = normalised(pixels, picture);
  const { version, logits } = await answering.answer({ id: request.id, pictures: { count: 1, data } });
  void reply.header('x-editable-release', version);
  const top = ranked([...softmax(logits, 1)], config.classes).slice(0, shownClasses);
  return { id: request.id, model_name: model, model_version: version, top, resizedFrom };
}

function metadataOf(
  { inference, live, model, picture, config }: Parts,
  asked: string,
  version?: string,
): ModelMetadata {
  requireModel({ model }, asked);
  const loaded = [live.served.version, ...inference.versions.filter((each) => each !== live.served.version)];
  if (version !== undefined && !loaded.includes(version)) throw notFound(`${version.slice(0, 10)} is not loaded.`);
  return {
    name: model,
    versions: version === undefined ? loaded : [version],
    platform: 'editable_libtorch',
    inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, ...picture.shape] }],
    outputs: ['logits', 'probabilities'].map((name) => ({
      name,
      datatype: 'FP32',
      shape: [-1, config.classes.length],
    })),
  };
}

/** Releases, and bases without repairs. */
function repositoryIndex({ store, inference, model, live }: Parts): readonly RepositoryModel[] {
  const { bases, releases } = store.state;
  const loaded = new Set(inference.versions);
  return [...releases.keys(), ...bases.keys()].map((version) => ({
    name: model,
    version,
    state: loaded.has(version) ? 'READY' : 'UNAVAILABLE',
    reason: version === live.served.version ? 'served' : loaded.has(version) ? 'loaded' : 'not loaded',
  }));
}

/** A release by its name, or a base by its hash. @throws WorkspaceError NOT_FOUND */
export function versionOf({ store, live }: Pick<Parts, 'store' | 'live'>, name: string): Version {
  const { state } = store;
  if (name === 'active') return live.served;
  const base = [...state.bases.keys()].find((each) => each === name) ?? (name === 'base' ? state.base : null);
  if (base !== null && base !== undefined) return { release: null, base, version: base };
  const release = releaseIdOf(store, name);
  return release === null ? activeVersion(state) : { release, base: store.release(release).base, version: release };
}

function requireModel({ model }: Pick<Parts, 'model'>, name: string): string {
  if (name === model) return model;
  throw notFound(`expected the model "${model}", received "${name.slice(0, 80)}".`);
}
