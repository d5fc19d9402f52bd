/** At what rank a classifier has the right class where it is wrong (section 4.3.1, Figure 5 left). */
import type { BasePredictions } from './repairer.js';

/**
 * For each image that is classified wrongly, in order: the rank of its label among the classes by probability, 1 being the
 * likeliest; so 2 or more. Equal probabilities count against the label.
 */
export function referenceRanks({ classes, probabilities }: BasePredictions, labels: ArrayLike<number>): number[] {
  const count = probabilities.length / classes.length;
  const ranks: number[] = [];
  for (let image = 0; image < classes.length; image++) {
    const label = labels[image] as number;
    if (classes[image] === label) continue;
    const row = probabilities.subarray(image * count, (image + 1) * count);
    ranks.push(row.filter((value) => value >= (row[label] as number)).length);
  }
  return ranks;
}
