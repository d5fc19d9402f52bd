/** What a scale decides: everything in which a run on two cores differs from the paper's on a GPU, as data. */
import type { DatasetName, EditTargets, ExtraLayerSize, NetworkName, Normalization, TrainingSettings } from 'editable';
import type { PhotographSet } from './photograph-set.js';

export type ScaleName = 'tiny' | 'small' | 'medium' | 'paper' | 'paper-densenet169';

export interface Scale {
  readonly name: ScaleName;
  readonly dataset: DatasetName | PhotographSet;
  readonly base: BaseModel;
  /** Subsets of layers that editors are tuned over, each as `selectParameters` takes it. */
  readonly layers: readonly string[];
  /** The paper's chain 3. */
  readonly chain: string;
  /** N */
  readonly edits: number;
  /** k */
  readonly maxSteps: number;
  /** Images that drawdown is judged on; null: the whole test split. */
  readonly testImages: number | null;
  /** Half-width of the 95 % interval that sampling may add to mean drawdown; null: exact. */
  readonly precision: number | null;
  readonly tuning: Tuning;
  /** Models with Editable Training; the first is the one that figures and sequences show. */
  readonly editable: readonly EditableChoice[];
  readonly controls: readonly ControlChoice[];
  readonly conditional: ConditionalChoice;
  /** DkNN's numbers of neighbours. */
  readonly neighbors: readonly number[];
  readonly retraining: RetrainingChoice;
  readonly rehearsal: RehearsalChoice;
  readonly figure: FigureChoice;
  readonly sequence: SequenceChoice;
  /** Numbers of repairs that stay in force together; as many as there are, where a model makes fewer mistakes. */
  readonly together: Readonly<Record<EditTargets, readonly number[]>>;
  readonly sampling: SamplingChoice;
}

export type BaseModel =
  | {
      readonly kind: 'checkpoint';
      readonly model: Exclude<NetworkName, 'cifar-resnet18'>;
      /** Under the folder of weights. */
      readonly file: string;
      readonly normalization: Normalization;
      /** Of an extra layer that is added to it, untrained (section 4.3). */
      readonly extra?: ExtraLayerSize;
    }
  | {
      readonly kind: 'trained';
      readonly width: number;
      /** Hidden units of an extra layer before the last one (section 4.3); left out: there is none. */
      readonly extra?: number;
      readonly training: Partial<TrainingSettings>;
    };

export interface Tuning {
  /** A first look at every subset of layers; null: all of them are tuned in full. */
  readonly coarse: Sample | null;
  readonly full: Sample;
  /** Subsets that are tuned in full after the first look. */
  readonly keep: number;
  /** Share of edits that must succeed: the paper's 0.95. */
  readonly minimumSuccess: number;
}

/** Edits a trial makes, and validation images that it judges them on. */
export interface Sample {
  readonly edits: number;
  readonly images: number;
}

export interface EditableChoice {
  /** Of the row, and of the run's folder. */
  readonly name: string;
  /** `plain`: fine-tuned from the plain model (section 4.3); or from another of these. */
  readonly from: 'plain' | EditableChoice | null;
  readonly training: Partial<TrainingSettings>;
  /** Hidden units of an extra layer that is added to the plain model's network. */
  readonly extra?: number;
  /** Targets of its edits are drawn by the ranks that right answers have in the plain model's mistakes on training images. */
  readonly matchRanks?: true;
  /** What its editor is tuned over. */
  readonly layers: readonly string[];
  /** Row of the paper's Table 3 to stand beside. */
  readonly paper: string | null;
  /** A stricter rule for tuning its editor; default: that of `tuning`. */
  readonly minimumSuccess?: number;
  /** Where it is cheap: more edits than `tuning` has, and fewer steps than k, so that edits keep a margin. */
  readonly search?: Sample & { readonly searchSteps: number };
}

/** The network of a model with Editable Training, trained without the edit and locality terms and edited alike. */
export interface ControlChoice {
  readonly name: string;
  /** Whose editor, layers and rule of tuning it has. */
  readonly of: EditableChoice;
  /** How it is trained: settings with the objective `plain`, where it is not the plain model itself. */
  readonly model: 'plain' | EditableChoice;
}

export interface ConditionalChoice {
  /** Stage after which the condition is added: what follows must not be linear, or a condition is one bias for all inputs. */
  readonly after: string;
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly cEdit: number;
  readonly cLoc: number;
  readonly margin: number;
}

export interface RetrainingChoice {
  readonly edits: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

export interface RehearsalChoice {
  readonly weight: number;
  readonly images: number;
}

export interface FigureChoice {
  readonly edits: number;
  readonly testImages: number | null;
  readonly perplexity: number;
  readonly iterations: number;
  /** Components that the curve of explained variance shows. */
  readonly components: number;
}

export interface SamplingChoice {
  readonly edits: number;
  /** Asked for: half-widths of the 95 % interval of one edit's drawdown. */
  readonly halfWidths: readonly number[];
}

export interface SequenceChoice {
  readonly edits: number;
  /** Edits from one judging to the next. */
  readonly every: number;
  readonly testImages: number | null;
}
