/** Where an experiment's rows are made, whatever they are about. */
import type { Device } from '@editable/torch';

/** What the rows of one call share, whatever their task: a Session for pictures. */
export interface Workshop {
  readonly scale: { readonly name: string };
  readonly device: Device;
  readonly seed: number;
  /** Of this scale: runs, trials, evaluations, rows. What is there is not made again. */
  readonly work: string;
  /** One line of progress. */
  readonly say: (text: string) => void;
}
