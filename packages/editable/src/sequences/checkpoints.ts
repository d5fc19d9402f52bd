/** After how many edits of a sequence the model is judged. */
import { EditableError } from '../errors.js';

/** The wanted counts below the number of edits, and that number; 1, 2, 5, 10, 20, 50, … where none are given. */
export function checkpointsOf(wanted: readonly number[] | undefined, edits: number): ReadonlySet<number> {
  const counts = wanted ?? usualCheckpoints(edits);
  const wrong = counts.find((each) => !Number.isInteger(each) || each < 1);
  if (wrong !== undefined) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `checkpoints: expected whole numbers of at least 1, received ${wrong}.`,
    );
  }
  return new Set([...counts.filter((each) => each < edits), edits].sort((a, b) => a - b));
}

function usualCheckpoints(edits: number): number[] {
  const found: number[] = [];
  for (let decade = 1; decade <= edits; decade *= 10) found.push(decade, 2 * decade, 5 * decade);
  return found.filter((each) => each <= edits);
}
