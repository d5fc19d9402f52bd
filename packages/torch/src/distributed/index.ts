export type { BucketTrace } from '../native.js';
export { agree, exchange } from './agreement.js';
export { type Averaging, averageGradients, averageInBuckets, broadcastInto, startAveraging } from './buckets.js';
export { groupOfEnvironment } from './environment-group.js';
export { type PlaceInGroup, placeInGroup } from './launch-environment.js';
export {
  connectGroup,
  type GroupOptions,
  groupBackends,
  ProcessGroup,
  type Reduction,
  type Work,
} from './process-group.js';
