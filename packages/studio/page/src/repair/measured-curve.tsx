/** What views cost and bring on this run, where `editable evaluate` has measured it. */
import { localityGeneralityChart } from '@editable/charts/specifications';
import { Code, Paper, Text } from '@mantine/core';
import { useMemo } from 'react';
import { useAnalysis } from '../api/queries.js';
import { Chart } from '../parts/chart.js';
import { percent, signedPercent } from '../words.js';
import { naturalPoints } from './natural-points.js';

export function MeasuredCurve({ views }: { readonly views: number }) {
  const { data } = useAnalysis();
  const points = useMemo(() => (data === undefined ? [] : naturalPoints(data.evaluations)), [data]);
  const spec = useMemo(
    () =>
      localityGeneralityChart({
        size: { width: 250, height: 190 },
        curves: [{ name: 'measured', points: points.map((point) => ({ ...point, label: `${point.views} views` })) }],
      }),
    [points],
  );
  if (data === undefined) return null;
  if (points.length === 0)
    return (
      <Text size="xs" className="dim">
        What views cost on this run is not measured yet: <Code>editable evaluate RUN --editor natural --views 4</Code>
      </Text>
    );
  const here = points.find((point) => point.views === views);
  return (
    <Paper withBorder p="md">
      <Text size="sm" mb="xs" role="status">
        {here === undefined
          ? `Not measured with ${views} views; the figure has what was.`
          : `One repair with ${views} views, measured on this run: drawdown ${signedPercent(here.drawdown)}, ${percent(here.generality, 0)} of unseen views follow.`}
      </Text>
      <Chart spec={spec} label="Measured drawdown and generality by number of views" />
    </Paper>
  );
}
