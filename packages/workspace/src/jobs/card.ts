/** A run's editability card: what repairs cost with each editor on each set of layers; its best is used from then on. */
import { join } from 'node:path';
import type { ProcessGroup } from '@editable/torch';
import { type CardOptions, cardFile, type EditabilityCard, editabilityCard, saveCard } from 'editable';
import { type JobOptions, tell } from '../job-events.js';
import type { OpenedModel } from '../runs/open-model.js';
import { jobFiles } from '../runs/run-files.js';

/** What `tune --all --json` prints. */
export interface CardDocument extends EditabilityCard {
  readonly run: string;
  /** Where the run keeps the card. */
  readonly card: string;
}

/** Measures every editor on every set of layers and keeps the card with the run, continuing one that was interrupted; of a group rank 0 keeps it. */
export async function makeCard(
  { run, dataset, model, device }: OpenedModel,
  settings: CardOptions,
  { group, ...job }: JobOptions & { readonly group?: ProcessGroup | undefined } = {},
): Promise<CardDocument> {
  const card = await editabilityCard(model, dataset, {
    ...settings,
    group,
    normalization: run.config.normalization,
    reducedPrecision: true,
    device,
    trialsFile: join(run.folder, jobFiles.trials),
    onProgress: ({ stage, trial: { editor, drawdown }, done, total }) =>
      tell(job, { kind: 'trial', stage, editor, drawdown, done, total }),
  });
  if ((group?.rank ?? 0) === 0) saveCard(run.folder, card);
  return { ...card, run: run.folder, card: join(run.folder, cardFile) };
}
