/** One edit judged in several ways, and what many of them show together. */
import type { EditorChoice } from 'editable';

export interface EditJudgments {
  readonly index: number;
  readonly target: number;
  readonly success: boolean;
  readonly steps: number;
  /** On all images in float32; null where nothing had to change. */
  readonly exact: { readonly drawdown: number; readonly seconds: number } | null;
  /** On all images with reduced precision; `differing`: images whose class is not float32's. */
  readonly reduced: { readonly differing: number; readonly seconds: number } | null;
  /** In float32, one for each half-width asked for. */
  readonly samples: readonly SampledJudgment[];
}

export interface SampledJudgment {
  readonly drawdown: number;
  readonly standardError: number;
  readonly judged: number;
  readonly seconds: number;
}

/** What samples of one precision show over all edits that changed something. */
export interface PrecisionFigures {
  /** Asked for: half-width of the 95 % interval of one edit's drawdown. */
  readonly halfWidth: number;
  /** Edits whose exact drawdown lies within the stated interval. */
  readonly held: number;
  readonly meanJudged: number;
  /** 1.96 times the stated standard error, its mean. */
  readonly statedHalfWidth: number;
  /** Sampled mean drawdown less the exact one, over the edits. */
  readonly meanDifference: number;
  readonly seconds: number;
  /** Time of judging all images over that of the sample, both in float32: of the sums over edits. */
  readonly timesFaster: number;
}

export interface JudgmentFigures {
  /** Edits that changed something. */
  readonly edits: number;
  readonly successRate: number;
  readonly drawdown: number;
  /** Mean time of judging one edit on all images in float32, from the first edited layer on. */
  readonly secondsExact: number;
  readonly secondsReduced: number;
  /** Classes that reduced precision got otherwise than float32, of edits × images. */
  readonly differing: number;
  readonly precisions: readonly PrecisionFigures[];
}

export interface SamplingRow extends JudgmentFigures {
  readonly training: string;
  readonly editor: string;
  readonly hyperparameters: EditorChoice['hyperparameters'];
  readonly layers: string | readonly string[];
  readonly testImages: number;
}

export function summarizeJudgments(records: readonly EditJudgments[], halfWidths: readonly number[]): JudgmentFigures {
  const changed = records.flatMap(({ exact, reduced, samples }) =>
    exact === null || reduced === null ? [] : [{ exact, reduced, samples }],
  );
  const secondsExact = mean(changed.map(({ exact }) => exact.seconds));
  return {
    edits: changed.length,
    successRate: mean(records.map(({ success }) => Number(success))),
    drawdown: mean(changed.map(({ exact }) => exact.drawdown)),
    secondsExact,
    secondsReduced: mean(changed.map(({ reduced }) => reduced.seconds)),
    differing: changed.reduce((sum, { reduced }) => sum + reduced.differing, 0),
    precisions: halfWidths.map((halfWidth, i) => {
      const pairs = changed.map(({ exact, samples }) => ({
        truth: exact.drawdown,
        ...(samples[i] as SampledJudgment),
      }));
      const seconds = mean(pairs.map((pair) => pair.seconds));
      return {
        halfWidth,
        held: pairs.filter(isWithin).length,
        meanJudged: mean(pairs.map(({ judged }) => judged)),
        statedHalfWidth: mean(pairs.map(({ standardError }) => 1.96 * standardError)),
        meanDifference: mean(pairs.map(({ drawdown, truth }) => drawdown - truth)),
        seconds,
        timesFaster: secondsExact / seconds,
      };
    }),
  };
}

const isWithin = ({ drawdown, truth, standardError }: SampledJudgment & { readonly truth: number }): boolean =>
  Math.abs(drawdown - truth) <= 1.96 * standardError + 1e-12;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
