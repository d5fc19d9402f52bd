/** The thread that holds a translation model and runs it. */
import { workerData } from 'node:worker_threads';
import { setThreads } from '@editable/torch';
import { checkedSentence, openTranslator, requireBeam } from '@editable/workspace';
import { modelHash, translate } from 'editable';
import { answerCalls } from '../threads/answer-calls.js';
import type { TranslateCall, TranslatorData } from './translation-calls.js';

const { run: folder, patches, device, threads } = workerData as TranslatorData;
setThreads(threads);
const { run, translator } = openTranslator(folder, { patches, device });
const { source, target } = run.config.text;
const about = { version: modelHash(translator.model), source, target };

answerCalls({
  describe: () => ({ result: about }),
  translate: ({ sentences, ...options }: TranslateCall) => {
    requireBeam(options.beam, run);
    for (const sentence of sentences) if (sentence.trim() !== '') checkedSentence(sentence, 'source');
    return { result: translate(translator, sentences, options) };
  },
});
