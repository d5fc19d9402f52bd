/** Two releases side by side: repairs, answers, weights. */
import { Anchor, Group, Paper, Stack, Table, Text, Title } from '@mantine/core';
import { useEffect } from 'react';
import { Link, useParams } from 'react-router';
import { call } from '../api/call.js';
import { useJob } from '../api/job.js';
import { useRepairs, useStatus } from '../api/queries.js';
import { ChangedGallery } from '../parts/changed-gallery.js';
import { JobLine } from '../parts/job-line.js';
import { PageHead } from '../parts/page-head.js';
import { Picture } from '../parts/picture.js';
import { repairPictureAt } from '../parts/picture-address.js';
import { count, percent, plural, releaseNamed } from '../words.js';

export function ComparePage() {
  const { from = 'base', to = 'active' } = useParams();
  const job = useJob('diff', { abandon: true });
  const status = useStatus();
  const { start } = job;
  useEffect(() => {
    void start(() => call('diff', { body: { from, to } }));
  }, [start, from, to]);
  const { result } = job;
  return (
    <>
      <PageHead title="Compare two releases">
        <Anchor component={Link} to="/releases">
          All releases
        </Anchor>
      </PageHead>
      <JobLine job={job} what="Comparing" />
      {result === null ? null : (
        <Stack>
          <Text>
            Between <b>{releaseNamed(result.from)}</b> and <b>{releaseNamed(result.to)}</b>,{' '}
            {plural(result.answers.length, 'answer')} of {count(result.images)} test images differ (
            {percent(result.agreement)} are alike).
          </Text>
          <Group align="stretch" grow>
            <RepairList title="Repairs added" ids={result.added} />
            <RepairList title="Repairs removed" ids={result.removed} />
          </Group>
          <ChangedGallery changed={result.answers} classes={status.data?.classes ?? []} images={result.images} />
          <Paper withBorder p="md">
            <Title order={2} mb="xs">
              Weights
            </Title>
            {result.weights.length === 0 ? (
              <Text size="sm">No tensor differs.</Text>
            ) : (
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Tensor</Table.Th>
                    <Table.Th ta="right">Numbers changed</Table.Th>
                    <Table.Th ta="right">Relative norm</Table.Th>
                    <Table.Th ta="right">Largest</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {result.weights.map(({ name, numbers, changed, relative, largest }) => (
                    <Table.Tr key={name}>
                      <Table.Td ff="monospace">{name}</Table.Td>
                      <Table.Td ta="right">
                        {count(changed)} of {count(numbers)}
                      </Table.Td>
                      <Table.Td ta="right">{percent(relative)}</Table.Td>
                      <Table.Td ta="right">{largest.toPrecision(3)}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            )}
          </Paper>
        </Stack>
      )}
    </>
  );
}

function RepairList({ title, ids }: { readonly title: string; readonly ids: readonly string[] }) {
  const { data } = useRepairs();
  return (
    <Paper withBorder p="md">
      <Title order={2} mb="xs">
        {title} ({ids.length})
      </Title>
      <Stack gap={6} mah={220} style={{ overflowY: 'auto' }}>
        {ids.map((id) => {
          const repair = data?.find((each) => each.id === id);
          return (
            <Group key={id} gap="sm" wrap="nowrap">
              <Picture address={repairPictureAt(id)} alt="" size={32} />
              <Text size="sm" className="words">
                {repair === undefined
                  ? id
                  : `${repair.source.predicted.name} → ${repair.source.targetName}: ${repair.proposed.why}`}
              </Text>
            </Group>
          );
        })}
        {ids.length === 0 ? <Text size="sm">None.</Text> : null}
      </Stack>
    </Paper>
  );
}
