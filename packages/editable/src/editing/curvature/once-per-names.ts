import type { Curvature, CurvatureOf } from './curvature.js';

/** Each set of parameters' curvature made once. */
export function oncePerNames(make: CurvatureOf): CurvatureOf {
  const made = new Map<string, Curvature>();
  return (names) => {
    const key = names.join();
    const before = made.get(key);
    if (before !== undefined) return before;
    const curvature = make(names);
    made.set(key, curvature);
    return curvature;
  };
}
