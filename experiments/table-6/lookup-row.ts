/** What a table of sentences and translations would do in place of edits (the paper's introduction): nothing carries over. */
import { addBleuStatistics, bleuOfStatistics, subtractBleuStatistics } from '@editable/text';
import {
  average,
  beamSearch,
  estimate,
  noisedSources,
  sampledTasks,
  selectParameters,
  stream,
  type TextPair,
  TranslationTestSet,
} from 'editable';
import type { RowPlan } from '../shared/experiment.js';
import type { TranslationRow } from './translation-row.js';
import { lastLayer } from './translation-scale.js';
import { plainTranslator, type TranslationSession, translatorOf } from './translation-session.js';

const views = 10;

/** The plain model's edits, each kept in a table: its sentence alone is translated otherwise. */
export const lookupPlan: RowPlan<TranslationRow, TranslationSession> = {
  name: 'lookup-table',
  setup: { kind: 'lookup-table', views },
  paper: null,
  async measure(session) {
    const started = performance.now();
    const { scale, test, seed } = session;
    const translator = translatorOf(await plainTranslator(session));
    const { model, spec, codec } = translator;
    using set = new TranslationTestSet(translator, test, { edited: selectParameters(model, lastLayer(scale)) });
    const tasks = sampledTasks(translator, test, { edits: scale.edits, seed, temperature: 1.2 });
    const drawdowns = tasks.map(({ index, target }) => {
      const others = subtractBleuStatistics(set.sum, set.statistics[index]!);
      return set.bleu - bleuOfStatistics(addBleuStatistics(others, set.statisticsOf(index, target))).score;
    });
    const generality = tasks.flatMap(({ index, target }, position) => {
      const noised = noisedSources(codec, (test[index] as TextPair).source, views, stream(seed, 'views', position));
      if (noised.length === 0) return [];
      const best = beamSearch(model, spec, noised).map(([first]) => first?.tokens.join());
      return [best.filter((tokens) => tokens === target.join()).length / noised.length];
    });
    const changed = tasks.filter(({ index, target }) => set.translations[index]?.join() !== target.join());
    const { mean, interval } = estimate(drawdowns);
    return {
      ...{ training: 'plain', editor: 'lookup-table', hyperparameters: {}, layers: '' },
      bleu: set.bleu,
      bleuDrawdown: mean,
      bleuDrawdownInterval: interval,
      ...{ samplingError: 0, successRate: 1, bestRate: 1, meanSteps: 0 },
      generality: average(generality),
      changed: changed.length / tasks.length / test.length,
      edits: tasks.length,
      inARow: null,
      meanJudged: test.length,
      secondsPerEdit: (performance.now() - started) / 1000 / tasks.length,
    };
  },
};
