/** What an experiment is: named rows, each measured on its own; how they are shown; what the paper claims of them. */
import type { Scale, ScaleName } from './scale.js';
import type { Session } from './session.js';
import type { Workshop } from './workshop.js';

export interface Experiment<Row, Work extends Workshop = Session> {
  /** Of its folder. */
  readonly name: string;
  readonly title: string;
  /** Where they are not those of section 4.1. */
  readonly scales?: ScaleFamily;
  plans(scale: Work['scale']): readonly RowPlan<Row, Work>[];
  /** Images judged, where not as many as the scale's; null: the whole test split. */
  readonly testImages?: (scale: Work['scale']) => number | null;
  readonly columns: readonly Column<Row>[];
  readonly claims: readonly Claim<Row>[];
  /** Draws into a folder; the names of the files begin with `prefix`. Returns the files. */
  readonly figures?: (rows: readonly NamedRow<Row>[], options: FigureOptions) => Promise<readonly string[]>;
}

/** Scales of one kind of data; what is made at them is kept apart from that of others. */
export interface ScaleFamily {
  readonly name: string;
  readonly scales: Readonly<Partial<Record<ScaleName, Scale>>>;
}

export interface FigureOptions {
  readonly folder: string;
  readonly prefix: string;
  readonly classes: readonly string[];
}

export interface RowPlan<Row, Work extends Workshop = Session> {
  /** As --rows takes it. */
  readonly name: string;
  /** All that decides the row besides the model, the scale's tuning and the seed; equal setups are measured once. */
  readonly setup: unknown;
  readonly paper: PaperFigures | null;
  measure(session: Work): Promise<Row>;
}

/** What the paper's table says. */
export interface PaperFigures {
  /** Change of test error, or of BLEU. */
  readonly drawdown: number;
  readonly successRate?: number;
  readonly meanSteps?: number;
  readonly testError?: number;
  readonly bleu?: number;
}

/** A row with what is known of its making. */
export type NamedRow<Row> = Row & {
  readonly name: string;
  readonly paper: PaperFigures | null;
  /** The commit that measured it. */
  readonly commit: string;
  /** Over all calls that worked on it; tuning and training that another row did before are not in it. */
  readonly seconds: number;
  /** A digest of everything that the row depends on. */
  readonly key: string;
};

export interface Column<Row> {
  readonly title: string;
  readonly right?: boolean;
  readonly cell: (row: NamedRow<Row>) => string;
}

export interface Claim<Row> {
  readonly text: string;
  /** Whether our rows show it; null where those compared were not measured. */
  readonly holds: (rows: readonly NamedRow<Row>[]) => Verdict | null;
}

export interface Verdict {
  readonly holds: boolean;
  /** The figures compared. */
  readonly because: string;
}
