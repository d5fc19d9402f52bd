/** Pictures chosen for repair: test images by index, pictures that people sent in or that a candidate differed on by number. */
export interface Choice {
  readonly test: readonly number[];
  readonly feedback: readonly number[];
  readonly difference: readonly number[];
}

export const noChoice: Choice = { test: [], feedback: [], difference: [] };

export const sizeOf = ({ test, feedback, difference }: Choice): number =>
  test.length + feedback.length + difference.length;

export const toggled = (choice: Choice, of: keyof Choice, id: number): Choice => ({
  ...choice,
  [of]: choice[of].includes(id) ? choice[of].filter((each) => each !== id) : [...choice[of], id],
});

/** The repair page with a choice. */
export function repairAddress(choice: Choice): string {
  const search = new URLSearchParams();
  for (const of of ['test', 'feedback', 'difference'] as const)
    if (choice[of].length > 0) search.set(of, choice[of].join('.'));
  return `/repair?${search}`;
}

export function choiceIn(search: URLSearchParams): Choice {
  const numbers = (of: keyof Choice): number[] =>
    (search.get(of) ?? '')
      .split('.')
      .filter((each) => /^\d{1,9}$/.test(each))
      .map(Number);
  return { test: numbers('test'), feedback: numbers('feedback'), difference: numbers('difference') };
}
