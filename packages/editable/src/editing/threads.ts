/** How many threads a loop of edits is worth. */
import { type Tensor, threads } from '@editable/torch';

/** Below so many edited numbers, for each example, one thread is faster: waking others costs more than the work they take over. */
const numbersForThreads = 300_000;

/** `examples`: that go through the edited layers in one call. */
export const threadsFor = (theta: readonly Tensor[], examples = 1): number =>
  examples * theta.reduce((sum, each) => sum + each.numel, 0) < numbersForThreads ? 1 : threads();
