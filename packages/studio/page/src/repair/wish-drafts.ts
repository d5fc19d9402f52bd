/** What is asked for, before it is proposed: a picture, the answer that is right, how far it shall carry over. */
import type { PictureInput, WishInput } from '@editable/studio/api';

/** A picture that was chosen, with what is known of it. */
export interface Draft {
  /** Tells it from the others on the page. */
  readonly key: string;
  readonly input: PictureInput;
  /** Where the page has it from. */
  readonly address: string;
  /** In words: "test image 12". */
  readonly source: string;
  /** A label; null: not picked yet. */
  readonly target: number | null;
  readonly suspect: boolean;
}

export interface Strength {
  /** Augmented views of each picture that must follow, too. */
  readonly views: number;
  /** Nats by which the right answer must lead. */
  readonly margin: number;
}

export const wishesOf = (drafts: readonly Draft[], { views, margin }: Strength): readonly WishInput[] =>
  drafts.flatMap(({ input, target }) => (target === null ? [] : [{ picture: input, target, views, margin }]));
