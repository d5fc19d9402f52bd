/** The same source sentence written otherwise: what a repair of it should carry over to. */
import { type NoiseKind, noisyViews } from '@editable/text';
import type { RandomStream } from '../../data/random.js';
import type { SentenceCodec } from '../../translation/sentence-codec.js';
import type { Sentence } from '../../translation/source-batches.js';

/** Lower case hides one kind of noise. */
const kindsFor = ({ settings }: SentenceCodec): readonly NoiseKind[] =>
  settings.lowercase ? ['drop-word', 'punctuation'] : ['drop-word', 'case', 'punctuation'];

/** Looked at for each that is kept: some noise is gone once a sentence is cut into tokens. */
const spare = 4;

/**
 * Up to `count` noised forms of a source that differ from it and from each other as the model reads them: a word missing, a
 * mark missing or exchanged, other capitals where the model sees them. Fewer where the sentence has no more.
 */
export function noisedSources(codec: SentenceCodec, source: string, count: number, random: RandomStream): Sentence[] {
  if (count === 0) return [];
  const seen = new Set([codec.encode(source, 'source').join()]);
  const found: Sentence[] = [];
  for (const view of noisyViews(source, spare * count, random, { kinds: kindsFor(codec) })) {
    const tokens = codec.encode(view, 'source');
    if (tokens.length < 2 || seen.has(tokens.join())) continue;
    seen.add(tokens.join());
    found.push(tokens);
    if (found.length === count) break;
  }
  return found;
}
