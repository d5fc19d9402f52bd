/** An editor as people read it. */
import type { EditorChoice, MetricSettings, PatchDescription } from 'editable';

export const describeLayers = (layers: string | readonly string[]): string =>
  typeof layers === 'string' ? layers : layers.join(',');

/** "layer3", "layer3, ekfac metric, 16 settling steps" */
export const describeSolver = ({
  layers,
  ...more
}: { readonly layers: EditorChoice['layers'] } & MetricSettings): string =>
  [describeLayers(layers), ...metricWords(more)].join(', ');

/** How the natural editor measures and reduces harm, where that is not as usual. */
export const metricWords = ({ metric, settle }: Pick<PatchDescription, 'metric' | 'settle'>): readonly string[] => [
  ...(metric ? [`${metric} metric`] : []),
  ...(settle ? [`${settle} settling steps`] : []),
];

/** "rmsprop, learningRate 0.001, beta 0.5"; "natural, overshoot 3, 16 views" */
export const describeEditor = ({ name, hyperparameters, views, margin, ...more }: EditorChoice): string =>
  [
    name,
    ...Object.entries(hyperparameters)
      .filter(([parameter]) => parameter !== 'epsilon')
      .map(([parameter, value]) => `${parameter} ${typeof value === 'number' ? Number(value.toPrecision(3)) : value}`),
    ...(views ? [`${views} views`] : []),
    ...(margin ? [`margin ${margin}`] : []),
    ...metricWords(more),
  ].join(', ');
