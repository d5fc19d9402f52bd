/** Who does something: the token's person, or the name that a request gives where no tokens are used. */
import type { You } from '../api/serving.js';
import { invalid, StudioError } from '../errors.js';

/** @throws StudioError where nobody is named, or a token's person calls themselves otherwise */
export function personOf({ name }: You, by: string | undefined): string {
  if (name === null) {
    if (by !== undefined) return by;
    throw invalid('by: expected who does it, a name, as no tokens are used here; received none.');
  }
  if (by === undefined || by === name) return name;
  throw new StudioError('FORBIDDEN', `by: expected ${name}, whose token this is, or nothing; received "${by}".`);
}

/** For what leaves no trace in the journal. */
export const askerOf = ({ name }: You, by?: string): string => name ?? by ?? 'somebody';
