/** Translation: sentences by a beam of 5, beside a plain PyTorch beam search with cached keys on the same weights. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveSafetensors, scope, tensor } from '@editable/torch';
import { beamSearch, createTransformer, paddedRows, stream } from 'editable';

/** Untrained, no translation ends by itself: every sentence runs to so many tokens, on both sides. */
const maxLength = 20;
const beam = 5;

export const rows = [
  {
    name: 'translate',
    title: 'translation of a sentence by a beam of 5, of 32 at once',
    unit: 'ms',
    goal: 0.8,
    goalTuned: 0.8,
    repeats: 7,
    warmUps: 2,
    parameters({ device, quick }) {
      const spec = specOf(quick);
      const sources = randomSources(spec, quick ? 4 : 32);
      const file = join(mkdtempSync(join(tmpdir(), 'editable-bench-')), 'translation.safetensors');
      scope(() => {
        const model = createTransformer(spec);
        const best = beamSearch(model, spec, sources, { beam, maxLength }).map(([first]) => first);
        const scores = tensor(best.map(({ score }) => score));
        saveSafetensors(file, new Map([...model.parameters, ['sources', paddedRows(sources, 1)], ['scores', scores]]));
      });
      return { device, file, heads: spec.heads, beam, max_length: maxLength, quick };
    },
    prepare({ device, quick }) {
      const spec = specOf(quick);
      const model = createTransformer(spec, { device });
      const sources = randomSources(spec, quick ? 4 : 32);
      const run = () => scope(() => beamSearch(model, spec, sources, { beam, maxLength }));
      return { run, calls: sources.length };
    },
  },
];

/** The Multi30k network of experiments/table-6 at its small scale, 3 million parameters. */
const specOf = (quick) => ({
  kind: 'transformer_iwslt_de_en',
  sourceVocabulary: quick ? 200 : 4000,
  targetVocabulary: quick ? 200 : 4000,
  dim: quick ? 32 : 192,
  feedForward: quick ? 64 : 384,
  heads: 4,
  encoderLayers: 3,
  decoderLayers: 3,
  tied: 'all',
});

function randomSources({ sourceVocabulary }, count) {
  const random = stream(0, 'sources');
  const word = () => 4 + random.int(sourceVocabulary - 4);
  return Array.from({ length: count }, () => [...Array.from({ length: 9 + random.int(5) }, word), 2]);
}
