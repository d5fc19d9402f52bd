/** The thread that holds the networks and runs them. Nothing else computes here, so predictions wait for predictions only. */
import { workerData } from 'node:worker_threads';
import { answerCalls } from '../threads/answer-calls.js';
import type { InferenceData, LoadCall, RunCall, RunResult } from './inference-calls.js';
import { ServingModels } from './serving-models.js';

const models = new ServingModels(workerData as InferenceData);

answerCalls({
  load: (call: LoadCall) => ({ result: models.load(call) }),
  unload: ({ version }: { readonly version: string }) => {
    models.unload(version);
    return { result: null };
  },
  run: (call: RunCall) => {
    const result: RunResult = { logits: models.run(call) };
    return { result, transfer: [result.logits.buffer] };
  },
});
