/** Pictures that a network sees as almost the same: one mistake made several times. */
import { noGrad, scope, type Tensor } from '@editable/torch';

/**
 * Cosine of two pictures' features from which they count as near-duplicates. On 2,000 test images of CIFAR-10, and the
 * features that a published ResNet-20 has after its first chain: JPEG copies 5 % brighter reach it in 93 % of the cases,
 * other pictures in 0.1 %. The last features serve less: they tell classes, not pictures.
 */
export const usualNearness = 0.83;

/**
 * A group number for each row of `features` [n, numbers], rows of one group being linked by cosines of at least `nearness`;
 * numbered in the order of their first rows. The mean of all rows is taken off first.
 */
export function nearDuplicates(features: Tensor, nearness: number = usualNearness): number[] {
  const count = features.shape[0] as number;
  const parents = Array.from({ length: count }, (_, i) => i);
  const rootOf = (row: number): number => {
    let root = row;
    while (parents[root] !== root) root = parents[root] as number;
    return root;
  };
  for (const [a, b] of nearPairs(features, nearness)) {
    const [first, second] = [rootOf(a), rootOf(b)];
    parents[Math.max(first, second)] = Math.min(first, second);
  }
  const numbers = new Map<number, number>();
  return parents.map((_, row) => {
    const root = rootOf(row);
    if (!numbers.has(root)) numbers.set(root, numbers.size);
    return numbers.get(root) as number;
  });
}

/** Rows whose similarities are looked at together. */
const block = 500;

function* nearPairs(features: Tensor, nearness: number): Generator<readonly [number, number]> {
  const count = features.shape[0] as number;
  const unit = scope(() =>
    noGrad(() => {
      const centred = features.sub(features.mean([0], { keepdim: true }));
      return centred.div(centred.square().sum([1], { keepdim: true }).sqrt().add(1e-6));
    }),
  );
  try {
    for (let start = 0; start < count; start += block) {
      const rows = Math.min(block, count - start);
      const found = scope(
        () =>
          noGrad(() => unit.narrow(0, start, rows).matmul(unit.t()))
            .to('float32')
            .data() as Float32Array,
      );
      for (let i = 0; i < rows; i++) {
        for (let j = start + i + 1; j < count; j++) {
          if ((found[i * count + j] as number) >= nearness) yield [start + i, j];
        }
      }
    }
  } finally {
    unit.dispose();
  }
}
