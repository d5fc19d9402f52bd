/** The curvature of a translation run's model, for the natural editor: computed from training sentences at first use. */
import {
  ControlSentences,
  type CurvatureOf,
  type MetricSettings,
  selectParameters,
  sentenceCurvature,
  settledSentenceCurvature,
  translationCurvature,
  translationFactors,
} from 'editable';
import { layersText } from '../runs/editor-choice.js';
import { type OpenedTranslator, sentencesOf } from '../runs/open-translator.js';
import { bytesOf, type CurvatureDocument, type CurvatureTask } from './curvature.js';

export interface SentenceCurvatureSettings extends Pick<MetricSettings, 'settle'> {
  /** Control sentences; left out: those that the run's file has, else 1,000. */
  readonly sentences?: number | undefined;
}

/** The run's own where it is as it was saved; of a patched model it is computed, and not kept. */
export function curvatureOfTranslator(
  opened: OpenedTranslator,
  { sentences, settle = 0 }: SentenceCurvatureSettings = {},
): CurvatureOf {
  const { run, patches, translator } = opened;
  const control = (): ControlSentences => controlSentencesOf(opened, sentences);
  const saved = patches.length === 0;
  let made: CurvatureOf | undefined;
  return (names) => {
    if (made === undefined) {
      const own = saved
        ? translationCurvature(run, control, { anyControl: sentences === undefined })
        : sentenceCurvature(translator, control());
      made = settle === 0 ? own : settledSentenceCurvature(own, translator, control(), { steps: settle, sentences });
    }
    return made(names);
  };
}

const controlSentencesOf = (opened: OpenedTranslator, sentences: number | undefined): ControlSentences =>
  new ControlSentences(opened.translator, sentencesOf(opened, 'train'), { sentences });

/** What `curvature --json` prints for a run of translation. */
export interface TranslationCurvatureDocument extends Omit<CurvatureDocument, 'images'> {
  /** Control sentences. */
  readonly sentences: number;
}

/** Computes and keeps it; a file of another model is written over. */
export function computeTranslationCurvature(
  opened: OpenedTranslator,
  { layers, sentences, group, share }: CurvatureTask & { readonly sentences?: number | undefined },
): TranslationCurvatureDocument {
  const started = performance.now();
  const { run } = opened;
  const names = selectParameters(run.model, layers);
  const { path, found, factors } = translationFactors(run, () => controlSentencesOf(opened, sentences), names, {
    anyControl: sentences === undefined && share === undefined,
    replace: true,
    ...{ group, share },
  });
  return {
    run: run.folder,
    layers: layersText(layers),
    parameters: names.length,
    numbers: names.reduce((sum, name) => sum + (run.model.parameters.get(name)?.numel ?? 0), 0),
    sentences: factors.count,
    found,
    path,
    bytes: bytesOf(path),
    seconds: (performance.now() - started) / 1000,
  };
}
