/** The figures of the run: what its edits cost, how it was trained. */
import { drawdownDotsChart, localityGeneralityChart, trainingCurvesChart } from '@editable/charts/specifications';
import type { RunFigures } from '@editable/workspace';
import { Code, Paper, Stack, Table, Text, Title } from '@mantine/core';
import { useMemo } from 'react';
import { useAnalysis } from '../api/queries.js';
import { Chart } from '../parts/chart.js';
import { PageHead } from '../parts/page-head.js';
import { Empty, Failed, Loading } from '../parts/states.js';
import { percent, percentInterval, signedPercent } from '../words.js';
import { evaluationName } from './evaluation-name.js';

export function AnalysisPage() {
  const { data, error, refetch } = useAnalysis();
  return (
    <>
      <PageHead title="Analysis">
        What single edits of this run cost and bring, as its evaluations measured, and how it was trained.
      </PageHead>
      {error === null ? null : <Failed error={error} again={refetch} />}
      {data === undefined ? (
        error === null ? (
          <Loading what="Reading the run …" />
        ) : null
      ) : data.evaluations.length + data.training.length === 0 ? (
        <Empty title="Nothing was measured on this run">
          Evaluations fill this page: <Code>editable evaluate RUN --editor natural --edits 100</Code>, and the same with{' '}
          <Code>--views 4</Code>.
        </Empty>
      ) : (
        <Stack>
          {data.evaluations.length === 0 ? null : <Evaluations evaluations={data.evaluations} />}
          {data.training.length === 0 ? null : <Training training={data.training} />}
        </Stack>
      )}
    </>
  );
}

function Evaluations({ evaluations }: Pick<RunFigures, 'evaluations'>) {
  const dots = useMemo(
    () =>
      drawdownDotsChart({
        rows: evaluations.map((each) => ({
          name: evaluationName(each),
          highlighted: each.editor.name === 'natural',
          mean: each.drawdown,
          interval: each.drawdownInterval,
          edits: each.records.map(({ index, target, drawdown, flips, steps }) => ({
            drawdown,
            label: `test image ${index} to class ${target}: ${signedPercent(drawdown)}, ${Math.round(flips)} answers changed, ${steps} steps`,
          })),
        })),
      }),
    [evaluations],
  );
  const judged = evaluations.filter(({ generality }) => generality !== null);
  const locality = useMemo(
    () =>
      localityGeneralityChart({
        curves: judged.map((each) => ({
          name: evaluationName(each),
          joined: false,
          points: [
            { drawdown: each.drawdown, drawdownInterval: each.drawdownInterval, generality: each.generality ?? 0 },
          ],
        })),
      }),
    [judged],
  );
  return (
    <>
      <Paper withBorder p="md">
        <Title order={2} mb="xs">
          Evaluations
        </Title>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Editor</Table.Th>
              <Table.Th ta="right">Edits</Table.Th>
              <Table.Th ta="right">Test error</Table.Th>
              <Table.Th ta="right">Drawdown</Table.Th>
              <Table.Th ta="right">95 % interval</Table.Th>
              <Table.Th ta="right">Generality</Table.Th>
              <Table.Th ta="right">Success</Table.Th>
              <Table.Th ta="right">Steps</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {evaluations.map((each) => (
              <Table.Tr key={each.file}>
                <Table.Td>{evaluationName(each)}</Table.Td>
                <Table.Td ta="right">{each.edits}</Table.Td>
                <Table.Td ta="right">{percent(each.testError)}</Table.Td>
                <Table.Td ta="right">{signedPercent(each.drawdown)}</Table.Td>
                <Table.Td ta="right">{percentInterval(each.drawdownInterval)}</Table.Td>
                <Table.Td ta="right">{each.generality === null ? '–' : percent(each.generality, 0)}</Table.Td>
                <Table.Td ta="right">{percent(each.successRate, 1)}</Table.Td>
                <Table.Td ta="right">{each.meanSteps.toFixed(2)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Paper>
      <Paper withBorder p="md">
        <Title order={2}>What every edit cost</Title>
        <Text size="sm" className="dim" mb="xs">
          A dot is one edit; to the right means that more answers went wrong.
        </Text>
        <Chart spec={dots} label="Drawdown of every edit, a row for each evaluation" />
      </Paper>
      {judged.length === 0 ? null : (
        <Paper withBorder p="md">
          <Title order={2}>Locality against generality</Title>
          <Text size="sm" className="dim" mb="xs">
            Above left is better: less drawdown, and more unseen views that follow.
          </Text>
          <Chart spec={locality} label="Drawdown against generality, a point for each evaluation" />
        </Paper>
      )}
    </>
  );
}

function Training({ training }: Pick<RunFigures, 'training'>) {
  const spec = useMemo(
    () =>
      trainingCurvesChart({
        curves: [
          { name: 'base loss', values: training.map(({ base }) => base) },
          { name: 'locality loss', values: training.map(({ locality }) => locality) },
        ].filter(({ values }) => values.some((value) => value !== 0)),
        valueTitle: 'Loss',
      }),
    [training],
  );
  return (
    <Paper withBorder p="md">
      <Title order={2} mb="xs">
        Training
      </Title>
      <Chart spec={spec} label="Losses over the training's steps" />
    </Paper>
  );
}
