/** An editor as people read it. */
import type { EditorChoice } from 'editable';

export const describeLayers = (layers: string | readonly string[]): string =>
  typeof layers === 'string' ? layers : layers.join(',');

/** "rmsprop, learningRate 0.001, beta 0.5"; "natural, overshoot 3, 16 views" */
export const describeEditor = ({ name, hyperparameters, views, margin, metric, settle }: EditorChoice): string =>
  [
    name,
    ...Object.entries(hyperparameters)
      .filter(([parameter]) => parameter !== 'epsilon')
      .map(([parameter, value]) => `${parameter} ${typeof value === 'number' ? Number(value.toPrecision(3)) : value}`),
    ...(views ? [`${views} views`] : []),
    ...(margin ? [`margin ${margin}`] : []),
    ...(metric ? [`${metric} metric`] : []),
    ...(settle ? [`${settle} settling steps`] : []),
  ].join(', ');
