/** Table 6: edits of a Transformer that translates German (section 4.4), and natural-gradient edits beside them. */
import { transformers } from 'editable';
import type { Experiment, PaperFigures } from '../shared/experiment.js';
import { claims } from './claims.js';
import { columns } from './columns.js';
import { lookupPlan } from './lookup-row.js';
import { editsPlan, naturalOf, repairsPlan, rmspropOf, type TranslationRow } from './translation-row.js';
import type { TranslationSession } from './translation-session.js';

/** What the paper's table says, by the names of our rows. */
const paper: Readonly<Record<string, PaperFigures>> = {
  'plain-rmsprop': { bleu: 34.77, drawdown: 0.76, successRate: 1, meanSteps: 2.35 },
  'editable-1e-3-rmsprop': { bleu: 34.8, drawdown: 0.35, successRate: 1, meanSteps: 3.07 },
  'editable-3e-4-rmsprop': { bleu: 34.81, drawdown: 0.17, successRate: 1, meanSteps: 5.5 },
};

/** What the command line's natural editor changes. */
const decoder = transformers.transformer_iwslt_de_en.naturalLayers;

/** Steps, at most, of one repair and of twenty; chosen on validation sentences. */
const [settle, settleInARow] = [16, 64];

export const table6: Experiment<TranslationRow, TranslationSession> = {
  name: 'table-6',
  title: 'Table 6: edits of a translation model',
  plans(scale) {
    const models = [
      { name: 'plain', training: 'plain', learningRate: scale.learningRate } as const,
      ...scale.editable.map((training) => ({ name: training.name, training, learningRate: training.learningRate })),
    ];
    return [
      ...models.flatMap(({ name, training, learningRate }) => [
        editsPlan(
          `${name}-rmsprop`,
          { training, editor: rmspropOf(scale, learningRate) },
          paper[`${name}-rmsprop`] ?? null,
        ),
        editsPlan(`${name}-natural`, { training, editor: naturalOf(scale) }, null),
      ]),
      lookupPlan,
      editsPlan('plain-natural-settled', { training: 'plain', editor: naturalOf(scale, { settle }) }, null),
      editsPlan('plain-natural-decoder', { training: 'plain', editor: naturalOf(scale, { layers: decoder }) }, null),
      repairsPlan('plain-natural-in-a-row', { training: 'plain', editor: naturalOf(scale, { layers: decoder }) }),
      repairsPlan('plain-natural-settled-in-a-row', {
        training: 'plain',
        editor: naturalOf(scale, { settle: settleInARow }),
      }),
    ];
  },
  columns,
  claims,
};
