/** A translation model over HTTP: the Open Inference Protocol with texts as tensors, and sentences for those who have none. */
import { threads } from '@editable/torch';
import type { InferRequest, ModelMetadata } from '../api/inference.js';
import { type TranslationRoutes, translationRoutes } from '../api/translation-routes.js';
import { notFound } from '../errors.js';
import { Metrics } from '../metrics/metrics.js';
import { Access } from '../server/access.js';
import type { Handled, Handler } from '../server/handling.js';
import { createHttp, registerHttp } from '../server/http.js';
import { sendInference } from '../server/inference-reply.js';
import { operationHandlers } from '../server/operation-handlers.js';
import { type Limits, type ServeOptions, usualLimits } from '../server/options.js';
import { closeHttp, packageVersion, type RunningServer, requireSafe } from '../server/running-server.js';
import { sentencesOf, translationsOut, usualBeam } from './text-tensors.js';
import type { TranslateCall, Translation, TranslatorAbout } from './translation-calls.js';
import { TranslationThread } from './translation-thread.js';

export interface ServeTranslationOptions
  extends Pick<ServeOptions, 'model' | 'host' | 'port' | 'tokens' | 'device' | 'threads' | 'limits' | 'logLevel'> {
  /** The run's folder. */
  readonly run: string;
  /** Patch files, applied in this order. */
  readonly patches?: readonly string[] | undefined;
}

type TranslationHandlers = { readonly [Name in keyof TranslationRoutes]: Handler<TranslationRoutes[Name]> };

/** @throws where the run, a patch or the address cannot be used */
export async function serveTranslation(options: ServeTranslationOptions): Promise<RunningServer> {
  const { run, model, host = '127.0.0.1', port = 8080, tokens = [], patches = [], device = 'cpu' } = options;
  requireSafe(options, host);
  const limits: Limits = { ...usualLimits, ...options.limits };
  const { logLevel = 'info' } = options;
  const app = createHttp({ limits, logLevel });
  const data = { run, patches, device, threads: options.threads ?? threads() };
  const thread = new TranslationThread(data, { most: limits.waiting });
  const metrics = new Metrics(model, () => thread.waiting);
  const close = async (): Promise<void> => {
    await closeHttp(app);
    await thread.close();
  };
  try {
    const about = await thread.describe();
    metrics.serves(about.version, false);
    const access = new Access(tokens);
    const handlers = handlersOf({ model, about, thread, metrics, access, limits });
    const http = { version: packageVersion, limits, logLevel, access, page: undefined };
    await registerHttp(app, { routes: translationRoutes, handlers }, metrics, http);
    const address = await app.listen({ host, port });
    let closed: Promise<void> | undefined;
    return {
      address,
      model,
      serves: about.version,
      close: () => {
        closed ??= close();
        return closed;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Serving {
  readonly model: string;
  readonly about: TranslatorAbout;
  readonly thread: TranslationThread;
  readonly metrics: Metrics;
  readonly access: Access;
  readonly limits: Limits;
}

function handlersOf(serving: Serving): Omit<TranslationHandlers, 'openapi'> {
  const { model, about } = serving;
  const named = ({ model: asked, version = about.version }: { readonly model: string; readonly version?: string }) => {
    if (asked !== model) throw notFound(`expected the model "${model}", received "${asked.slice(0, 80)}".`);
    if (version.length >= 4 && about.version.startsWith(version)) return model;
    throw notFound(`expected the version ${about.version.slice(0, 10)}, received "${version.slice(0, 80)}".`);
  };
  const infer = async ({
    params,
    body,
    request,
    reply,
  }: Handled<{ params: { model: string; version?: string }; body: InferRequest }>): Promise<never> => {
    named(params);
    const asked = sentencesOf(body, request.binary ?? new Uint8Array(), serving.limits.pictures);
    const { outputs, binary } = translationsOut(body, await translated(serving, asked));
    const response = { model_name: model, model_version: about.version, id: body.id ?? request.id, outputs };
    return sendInference(reply, response, binary);
  };
  return {
    serverMetadata: () => ({ name: 'editable', version: packageVersion, extensions: ['binary_tensor_data'] }),
    live: () => ({ live: true }),
    ready: () => ({ ready: true }),
    modelMetadata: ({ params }) => metadataOf(named(params), about),
    versionMetadata: ({ params }) => metadataOf(named(params), about),
    modelReady: ({ params }) => ({ name: named(params), ready: true }),
    versionReady: ({ params }) => ({ name: named(params), ready: true }),
    infer,
    versionInfer: infer,
    translate: async ({ body: { sentences, beam = usualBeam, lengthPenalty = 1 } }) => {
      const translations = await translated(serving, { sentences, beam, lengthPenalty });
      return { model_name: model, model_version: about.version, translations };
    },
    ...operationHandlers(serving),
  };
}

/** Counted as requests of pictures are, a sentence for a picture. */
async function translated({ thread, metrics, about }: Serving, call: TranslateCall): Promise<readonly Translation[]> {
  const started = performance.now();
  const told = { version: about.version, pictures: call.sentences.length, queued: 0, computed: 0 };
  try {
    const translations = await thread.translate(call);
    metrics.ran(told.pictures);
    metrics.answered({ ...told, whole: performance.now() - started, failure: null });
    return translations;
  } catch (error) {
    const { code = 'INTERNAL' } = error as { readonly code?: string };
    metrics.answered({ ...told, whole: performance.now() - started, failure: code });
    throw error;
  }
}

const metadataOf = (model: string, { version, source, target }: TranslatorAbout): ModelMetadata => ({
  name: model,
  versions: [version],
  platform: `editable_libtorch_translation_${source}_${target}`,
  inputs: [{ name: 'source', datatype: 'BYTES', shape: [-1] }],
  outputs: [
    { name: 'translation', datatype: 'BYTES', shape: [-1] },
    { name: 'score', datatype: 'FP32', shape: [-1] },
  ],
});
