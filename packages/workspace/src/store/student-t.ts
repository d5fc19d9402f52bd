/// <reference path="./jstat.d.ts" />
/** Student's t distribution, by jstat. */
import jstat from 'jstat';

/** By how many standard errors a 95 % interval reaches to each side; infinite without a degree of freedom. */
export const reach95 = (degrees: number): number =>
  degrees < 1 ? Number.POSITIVE_INFINITY : jstat.studentt.inv(0.975, degrees);
