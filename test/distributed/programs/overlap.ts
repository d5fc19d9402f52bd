/** Gradients of a deep network averaged while backward goes on, beside the same averaged afterwards. */
import {
  averageGradients,
  averageInBuckets,
  grad,
  groupOfEnvironment,
  manualSeed,
  type ProcessGroup,
  randn,
  scope,
  type Tensor,
} from '@editable/torch';

const [depth, width] = [12, 512];

function run(group: ProcessGroup): object {
  manualSeed(1);
  const weights = Array.from({ length: depth }, () => randn([width, width]).mul(0.05).requiresGrad_());
  const unused = randn([3]).requiresGrad_();
  manualSeed(10 + group.rank);
  const input = randn([256, width]);
  const loss = (): Tensor =>
    weights
      .reduce((x, weight) => x.matmul(weight).tanh(), input)
      .square()
      .mean();
  const inputs = [unused, ...weights];
  const options = { bucketBytes: 2 ** 20 };
  const before = loss();
  group.barrier();
  const { gradients, trace } = averageGradients(group, before, inputs, options);
  const expected = averageInBuckets(group, grad(loss(), inputs, { allowUnused: true }), options);
  const again = averageGradients(group, loss(), inputs, options).gradients;
  const equal = (a: readonly Tensor[], b: readonly Tensor[]): boolean => a.every((x, i) => x.equal(b[i] as Tensor));
  return {
    equal: equal(gradients, expected),
    again: equal(again, gradients),
    unused: gradients[0]?.tolist(),
    trace,
  };
}

try {
  const group = (await groupOfEnvironment()) as ProcessGroup;
  const found = scope(() => run(group));
  group.finish();
  console.log(JSON.stringify(found));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
