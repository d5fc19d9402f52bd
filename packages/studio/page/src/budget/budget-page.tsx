/** What repairs cost, what more of them will, and when to retrain. */
import { budgetChart } from '@editable/charts/specifications';
import type { BudgetForecast, BudgetReport } from '@editable/workspace';
import { Alert, Button, Group, NumberInput, Paper, Stack, Table, Text, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMemo, useState } from 'react';
import { Link } from 'react-router';
import { useBudget } from '../api/queries.js';
import { Chart } from '../parts/chart.js';
import { Hash } from '../parts/hash.js';
import { PageHead } from '../parts/page-head.js';
import { Empty, Failed, Loading } from '../parts/states.js';
import { moment, percent, percentInterval, plural, signedPercent } from '../words.js';

const titles = { unknown: 'Nothing to foresee yet', room: 'Go on', soon: 'Retrain soon', now: 'Retrain now' } as const;
const colors = { unknown: 'gray', room: 'teal', soon: 'orange', now: 'red' } as const;

export function BudgetPage() {
  const [limits, setLimits] = useState({ drawdown: 0.5, negativeFlips: 1 });
  const [asked] = useDebouncedValue(limits, 300);
  const { data, error, refetch } = useBudget({
    drawdown: asked.drawdown / 100,
    negativeFlips: asked.negativeFlips / 100,
  });
  const limit = (of: keyof typeof limits, label: string) => (
    <NumberInput
      label={label}
      value={limits[of]}
      min={0}
      max={100}
      step={0.1}
      decimalScale={3}
      w={230}
      onChange={(value) => setLimits({ ...limits, [of]: typeof value === 'number' ? value : 0 })}
    />
  );
  return (
    <>
      <PageHead title="Budget">
        What the repairs cost release by release, what more of them will, and when to retrain.
      </PageHead>
      {error === null ? null : <Failed error={error} again={refetch} />}
      {data === undefined ? (
        error === null ? (
          <Loading what="Reading the releases …" />
        ) : null
      ) : data.points.length === 0 ? (
        <Empty
          title="No release yet"
          next={
            <Button component={Link} to="/releases" variant="default">
              To the releases
            </Button>
          }
        >
          A forecast needs at least one release; from the second on it has an interval.
        </Empty>
      ) : (
        <Stack>
          <Alert
            color={colors[data.advice]}
            variant="light"
            title={titles[data.advice]}
            role="status"
            data-testid="advice"
          >
            {data.because}
          </Alert>
          <Group>
            {limit('drawdown', 'Drawdown, at most (%)')}
            {limit('negativeFlips', 'Right → wrong, at most (%)')}
          </Group>
          <Figures report={data} />
          <Points report={data} />
        </Stack>
      )}
    </>
  );
}

function Figures({ report }: { readonly report: BudgetReport }) {
  const charts = useMemo(
    () =>
      (
        [
          ['drawdown', 'Drawdown (%)', report.drawdown],
          ['negativeFlips', 'Right answers turned wrong (%)', report.negativeFlips],
        ] as const
      ).map(([of, valueTitle, { limit, ahead }]) => ({
        of,
        spec: budgetChart({
          valueTitle,
          limit,
          measured: report.points.map((point) => ({
            repairs: point.repairs,
            value: point[of],
            ...(of === 'drawdown' ? { interval: point.drawdownInterval } : {}),
          })),
          forecast: ahead,
        }),
      })),
    [report],
  );
  const forecasts = { drawdown: report.drawdown, negativeFlips: report.negativeFlips };
  return (
    <Group align="stretch" grow preventGrowOverflow={false}>
      {charts.map(({ of, spec }) => (
        <Paper key={of} withBorder p="md" miw={380}>
          <Title order={2}>{of === 'drawdown' ? 'Drawdown' : 'Right answers turned wrong'}</Title>
          <Text size="sm" className="dim" mb="xs">
            {inWords(forecasts[of])}
          </Text>
          <Chart spec={spec} label={`${of} by number of repairs: ${inWords(forecasts[of])}`} />
        </Paper>
      ))}
    </Group>
  );
}

function inWords({ perRepair, limit, passed, ahead }: BudgetForecast): string {
  if (perRepair === null) return 'No release holds a repair.';
  const { earliest, expected } = passed;
  // Before the first step ahead: where the releases are already.
  const isPassed = earliest !== null && earliest < (ahead[0]?.repairs ?? 0) && expected === earliest;
  const when = isPassed
    ? `has passed ${percent(limit)}`
    : earliest === null
      ? `is not foreseen to pass ${percent(limit)}`
      : `may pass ${percent(limit)} at ${plural(earliest, 'repair')}${expected === null ? '' : `, expected at ${expected}`}`;
  return `${signedPercent(perRepair, 4)} a repair; ${when}.`;
}

const Points = ({ report: { points } }: { readonly report: BudgetReport }) => (
  <Table verticalSpacing="xs">
    <Table.Thead>
      <Table.Tr>
        <Table.Th>Release</Table.Th>
        <Table.Th ta="right">Repairs</Table.Th>
        <Table.Th ta="right">In force</Table.Th>
        <Table.Th ta="right">Drawdown</Table.Th>
        <Table.Th ta="right">95 % interval</Table.Th>
        <Table.Th ta="right">Right → wrong</Table.Th>
        <Table.Th ta="right">Unseen views</Table.Th>
        <Table.Th>Made</Table.Th>
      </Table.Tr>
    </Table.Thead>
    <Table.Tbody>
      {points.map((each) => (
        <Table.Tr key={each.release}>
          <Table.Td>
            <Hash id={each.release} />
          </Table.Td>
          <Table.Td ta="right">{each.repairs}</Table.Td>
          <Table.Td ta="right">{each.inForce}</Table.Td>
          <Table.Td ta="right">{signedPercent(each.drawdown)}</Table.Td>
          <Table.Td ta="right">{percentInterval(each.drawdownInterval)}</Table.Td>
          <Table.Td ta="right">{percent(each.negativeFlips)}</Table.Td>
          <Table.Td ta="right">{each.generality === null ? '–' : percent(each.generality, 0)}</Table.Td>
          <Table.Td>{moment(each.at)}</Table.Td>
        </Table.Tr>
      ))}
    </Table.Tbody>
  </Table>
);
