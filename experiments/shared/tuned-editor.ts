/** An editor tuned by the paper's rule (section 4.1) on validation images: hyperparameters and the subset of layers. */
import {
  type EditorChoice,
  type EditorName,
  editabilityCard,
  editorNames,
  type Run,
  type Trial,
  type TrialOptions,
  tune,
} from 'editable';
import type { Sample, Tuning } from './scale.js';
import { type Session, trialsFile } from './session.js';

/** What the choice rests on. */
export interface TunedOn extends Sample {
  readonly minimumSuccess: number;
  readonly drawdown: number;
  readonly successRate: number;
  /** The best of every subset that was looked at; those looked at first rest on fewer edits and images. */
  readonly subsets: readonly SubsetTrial[];
}

export interface SubsetTrial extends Sample {
  readonly layers: string;
  readonly drawdown: number;
  readonly successRate: number;
}

export interface TunedEditor {
  readonly choice: EditorChoice;
  readonly tunedOn: TunedOn;
}

export interface EditorToTune {
  readonly editor: EditorName;
  readonly layers: readonly string[];
  readonly minimumSuccess?: number | undefined;
  /** In place of the scale's full sample. */
  readonly search?: (Sample & { readonly searchSteps: number }) | undefined;
}

type SearchedSample = Sample & { readonly searchSteps?: number };

/** A coarse look at every subset where there are several, then the best of them in full. */
export async function tunedEditor(session: Session, run: Run, wanted: EditorToTune): Promise<TunedEditor> {
  const { tuning } = session.scale;
  const { coarse, keep } = tuning;
  const full = wanted.search ?? tuning.full;
  const first = coarse === null || wanted.layers.length <= keep ? [] : await bestOfEach(session, run, wanted, coarse);
  const kept = first.length === 0 ? wanted.layers : ranked(first).slice(0, keep).map(layersOf);
  const trials = ranked(await bestOfEach(session, run, { ...wanted, layers: kept }, full));
  const [best] = trials as [Trial];
  return {
    choice: best.editor,
    tunedOn: {
      ...full,
      minimumSuccess: successOf(wanted, tuning),
      drawdown: best.drawdown,
      successRate: best.successRate,
      subsets: [...trials, ...first.filter((trial) => !kept.includes(layersOf(trial)))].map(subsetTrial),
    },
  };
}

/** The paper's: what needs tuning. The natural editor has rows of its own. */
export const paperEditors: readonly EditorName[] = editorNames.filter((name) => name !== 'natural');

/** What the editability card of the model says is best, of the paper's editors on these layers. */
export async function cardsChoice(
  session: Session,
  run: Run,
  { layers }: { readonly layers: readonly string[] },
): Promise<TunedEditor> {
  const { scale, dataset, say } = session;
  const { minimumSuccess, full } = scale.tuning;
  const { best, samples, entries, trials } = await editabilityCard(run.model, dataset, {
    ...trialOptions(session, run),
    ...full,
    editors: paperEditors,
    layers,
    minimumSuccess,
  });
  const { drawdown, successRate, editor } = best;
  say(`  card of ${trials} trials: ${editor.name} on ${layersOf(best)}, drawdown ${points(drawdown)}`);
  const { edits, images } = samples.final;
  const subsets = entries.filter((entry) => entry.editor.name === editor.name).map(subsetTrial);
  return { choice: editor, tunedOn: { edits, images, minimumSuccess, drawdown, successRate, subsets } };
}

async function bestOfEach(session: Session, run: Run, wanted: EditorToTune, sample: SearchedSample): Promise<Trial[]> {
  const { scale, dataset, say } = session;
  const found: Trial[] = [];
  for (const layers of wanted.layers) {
    const { best } = await tune(run.model, dataset, {
      editor: wanted.editor,
      layers: [layers],
      ...trialOptions(session, run),
      ...sample,
      minimumSuccess: successOf(wanted, scale.tuning),
    });
    const { drawdown, successRate, editor } = best;
    say(
      `  tuned ${editor.name} on ${layers} (${sample.edits} edits, ${sample.images} images): drawdown ${points(drawdown)}, success ${points(successRate)}, ${JSON.stringify(editor.hyperparameters)}`,
    );
    found.push(best);
  }
  return found;
}

const trialOptions = (session: Session, { config }: Run): TrialOptions => ({
  maxSteps: session.scale.maxSteps,
  seed: session.seed,
  normalization: config.normalization,
  device: session.device,
  trialsFile: trialsFile(session),
  reducedPrecision: true,
});

const successOf = ({ minimumSuccess }: EditorToTune, tuning: Tuning): number => minimumSuccess ?? tuning.minimumSuccess;

/** By the rule: those that succeed often enough by drawdown, then the others by success. */
const ranked = (trials: readonly Trial[]): Trial[] =>
  [...trials].sort(
    (a, b) =>
      Number(b.qualifies) - Number(a.qualifies) ||
      (a.qualifies ? a.drawdown - b.drawdown : b.successRate - a.successRate),
  );

const layersOf = ({ editor: { layers } }: Trial): string => (typeof layers === 'string' ? layers : layers.join('+'));

const subsetTrial = (trial: Trial): SubsetTrial => {
  const { drawdown, successRate, edits, images } = trial;
  return { layers: layersOf(trial), drawdown, successRate, edits, images };
};

const points = (share: number): string => `${(share * 100).toFixed(2)} %`;
