/** How long something takes here, for choices that depend on the processor. */

/** Milliseconds of the quicker of two runs, after one to warm up. */
export function quickerOfTwo(run: () => void): number {
  const timed = (): number => {
    const started = performance.now();
    run();
    return performance.now() - started;
  };
  run();
  return Math.min(timed(), timed());
}
