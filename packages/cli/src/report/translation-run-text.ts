/** What a run of translation holds, for people and as a document. */
import { facts } from '../console/table.js';
import { describeTranslationEpoch } from './training-text.js';

export async function describeTranslationRun(
  folder: string,
): Promise<{ readonly text: string; readonly document: object }> {
  const { isFinished, readEditorChoice, readTranslationRunConfig, transformerSizes } = await import('editable');
  const { translationEpochs } = await import('@editable/workspace');
  const config = readTranslationRunConfig(folder);
  const finished = isFinished(folder);
  const epochs = translationEpochs(folder);
  const { text, model, training, dataset } = config;
  const sizes = transformerSizes(model);
  const state = training === null ? 'imported' : `${training.objective} training${finished ? '' : ', not finished'}`;
  const lines = [
    facts([
      ['run', `${folder}, ${state}`],
      ['translates', `${text.source} to ${text.target}${text.lowercase ? ', in lower case' : ''}`],
      [
        'model',
        `${model.kind}, ${sizes.encoderLayers} + ${sizes.decoderLayers} layers of ${sizes.dim}, ${sizes.heads} heads, feed-forward ${sizes.feedForward}`,
      ],
      ['vocabulary', `${model.targetVocabulary} symbols (${text.vocabularyHash.slice(0, 12)})`],
      ['merges', `${text.merges} (${text.mergesHash.slice(0, 12)})`],
      ['data', dataset.folder],
    ]),
    ...epochs.map((epoch) => `  ${describeTranslationEpoch(epoch)}`),
  ];
  return {
    text: lines.join('\n'),
    document: { run: folder, config, editor: readEditorChoice(folder), finished, epochs },
  };
}
