/** Memory is flat over 1,000 translated sentences: native bytes are what they were, and the resident set does not grow. */
import { memory } from '@editable/torch';
import {
  beamSearch,
  createTransformer,
  type Sentence,
  sampleTranslations,
  stream,
  type TransformerSpec,
} from 'editable';
import { describe, expect, it } from 'vitest';

const spec: TransformerSpec = {
  kind: 'transformer_iwslt_de_en',
  sourceVocabulary: 60,
  targetVocabulary: 60,
  dim: 16,
  feedForward: 16,
  heads: 2,
  encoderLayers: 1,
  decoderLayers: 1,
};

describe('memory of translations', () => {
  it('is the same after 1,000 sentences as after the first 100', () => {
    const model = createTransformer(spec);
    const random = stream(0, 'sentences');
    const sentence = (): Sentence => [...Array.from({ length: 1 + random.int(8) }, () => 4 + random.int(56)), 2];
    const translate = (count: number): number => {
      const sources = Array.from({ length: count }, sentence);
      sampleTranslations(model, spec, sources, { maxLength: 10, streamOf: (i) => stream(1, i) });
      return beamSearch(model, spec, sources, { beam: 3, maxLength: 10, batchTokens: 200 }).length;
    };
    translate(100);
    const before = memory();
    const resident = process.memoryUsage().rss;
    let done = 0;
    for (let i = 0; i < 10; i++) done += translate(100);
    expect(done).toBe(1000);
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    expect(process.memoryUsage().rss - resident).toBeLessThan(64 * 2 ** 20);
  });
});
