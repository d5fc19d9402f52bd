/** Earlier repairs and how they stand with the new ones: those that no longer hold first. */
import type { TouchedRepair } from '@editable/studio/api';
import { Badge, Paper, Table, Text, Title } from '@mantine/core';
import { useRepairs } from '../api/queries.js';
import { plural } from '../words.js';
import { Picture } from './picture.js';
import { repairPictureAt } from './picture-address.js';

/** Rows shown. */
const shown = 8;

export function TouchedRepairs({ touched }: { readonly touched: readonly TouchedRepair[] }) {
  const { data } = useRepairs();
  const broken = touched.filter(({ before, after }) => before.holds && !after.holds);
  return (
    <Paper withBorder p="md">
      <Title order={2} mb="xs">
        Earlier repairs
      </Title>
      {touched.length === 0 ? (
        <Text size="sm">There are none yet.</Text>
      ) : (
        <>
          <Text size="sm" mb="xs">
            {broken.length === 0
              ? `All ${touched.length} stay in force.`
              : `${plural(broken.length, 'earlier repair')} would no longer hold.`}
          </Text>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Repair</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th ta="right">Lead (nats)</Table.Th>
                <Table.Th ta="right">Unseen views</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {touched.slice(0, shown).map(({ repair, before, after }) => (
                <Table.Tr key={repair}>
                  <Table.Td>
                    <span style={{ display: 'flex', gap: 8, alignItems: 'center' }}>
                      <Picture address={repairPictureAt(repair)} alt="" size={32} />
                      {data?.find(({ id }) => id === repair)?.source.targetName ?? repair.slice(0, 10)}
                    </span>
                  </Table.Td>
                  <Table.Td>
                    <Badge variant="light" color={after.holds ? 'teal' : 'red'}>
                      {after.holds ? 'holds' : before.holds ? 'breaks' : 'does not hold'}
                    </Badge>
                  </Table.Td>
                  <Table.Td ta="right">
                    {before.lead.toFixed(1)} → {after.lead.toFixed(1)}
                  </Table.Td>
                  <Table.Td ta="right">
                    {before.following} → {after.following} of {after.unseenViews}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </>
      )}
    </Paper>
  );
}
